// Entropy over a tree: that of the exact counts while nothing spilled, within certain bounds when something did.

import { afterAll, describe, expect, it } from "vitest";
import { removeCaptures } from "./agent-fakes.js";
import { flows, type Grown, grown } from "./agent-views.js";

afterAll(removeCaptures);

const streams = [flows(300, 200, 7), flows(200, 200, 8), flows(400, 200, 9)];
const query = { type: "query entropy", sketch_id: 0, counter_key_type: "src_sport" };

function entropyOf({ truth }: Grown): { readonly bits: number; readonly keys: number } {
  const counts = [...truth("src", "sport").values()];
  const total = counts.reduce((a, b) => a + b, 0);
  const bits = counts.reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0);
  return { bits, keys: counts.length };
}

describe("query entropy", () => {
  it("is exact while few keys were seen", async () => {
    const network = await grown(streams, "src_sport", 4096);
    const { bits, keys } = entropyOf(network);
    expect((await network.root.ask(query)).value).toBeCloseTo(bits, 9);
    const { value } = await network.root.ask({ ...query, detail: true });
    expect(value).toMatchObject({ exact: true, unit: "bits", coverage: { expected: 3, complete: true } });
    expect(value.lower).toBe(value.upper);
    expect(value.normalised).toBeCloseTo(bits / Math.log2(keys), 9);
  });

  it.each([16, 64, 100])("keeps its bounds when counters of %i keys have spilled", async (capacity) => {
    const network = await grown(streams, "src_sport", capacity);
    const { bits } = entropyOf(network);
    const { value } = await network.root.ask({ ...query, detail: true });
    expect(value.exact).toBe(false);
    expect(value.lower).toBeLessThanOrEqual(bits);
    expect(value.upper).toBeGreaterThanOrEqual(bits);
    expect(value.value).toBeGreaterThanOrEqual(value.lower);
    expect(value.value).toBeLessThanOrEqual(value.upper);
  });

  it("of nothing is nothing", async () => {
    const { root } = await grown([[]], "src_sport", 16);
    expect((await root.ask(query)).value).toBe(0);
  });
});
