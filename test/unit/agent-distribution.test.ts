// Flow sizes over a tree: the true histogram while nothing spilled, and always one entry for each flow.

import { afterAll, describe, expect, it } from "vitest";
import { removeCaptures } from "./agent-fakes.js";
import { flows, type Grown, grown } from "./agent-views.js";

afterAll(removeCaptures);

const streams = [flows(300, 200, 7), flows(200, 200, 8), flows(400, 200, 9)];
const query = { type: "query distribution", sketch_id: 0, counter_key_type: "src_sport" };

type SizeRow = readonly [from: number, to: number, flows: number];

function histogramOf({ truth }: Grown): SizeRow[] {
  const classes = [...truth("src", "sport").values()].map((count) => Math.floor(Math.log2(count)));
  const [first, last] = [Math.min(...classes), Math.max(...classes)];
  return Array.from({ length: last - first + 1 }, (_, index): SizeRow => {
    const size = first + index;
    return [2 ** size, 2 ** (size + 1) - 1, classes.filter((other) => other === size).length];
  });
}

describe("query distribution", () => {
  it("is exact while few keys were seen", async () => {
    const network = await grown(streams, "src_sport", 4096);
    const histogram = histogramOf(network);
    expect((await network.root.ask(query)).value).toEqual(histogram);
    const { value } = await network.root.ask({ ...query, detail: true });
    const flowCount = network.truth("src", "sport").size;
    expect(value).toMatchObject({ flows: flowCount, certain: flowCount, estimated: 0, exact: true });
    expect(value).toMatchObject({ value: histogram, unit: "packets", basis: "counts" });
  });

  it.each([16, 64, 100])("counts each flow once when counters of %i keys have spilled", async (capacity) => {
    const network = await grown(streams, "src_sport", capacity);
    const truth = new Map(histogramOf(network).map(([from, , count]) => [from, count]));
    const { value } = await network.root.ask({ ...query, detail: true });
    expect(value.exact).toBe(false);
    expect(value.estimated).toBeGreaterThan(0);
    expect(value.basis).toMatch(/likeliest sizes by the cells/);
    let sum = 0;
    for (const { from, flows: count, exact } of value.classes) {
      expect(exact).toBeLessThanOrEqual(Math.min(count, truth.get(from) ?? 0));
      sum += count;
    }
    expect(sum).toBe(value.flows);
    expect(sum).toBe(network.truth("src", "sport").size);
  });

  it("of nothing is empty", async () => {
    const { root } = await grown([[]], "src_sport", 16);
    expect((await root.ask(query)).value).toEqual([]);
  });
});
