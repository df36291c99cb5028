// Distinct keys over a tree: the size of the union, not a sum.

import { afterAll, expect, it } from "vitest";
import { removeCaptures } from "./agent-fakes.js";
import { flows, grown } from "./agent-views.js";

afterAll(removeCaptures);

const streams = [flows(300, 200, 7), flows(200, 200, 8), flows(400, 200, 9)];
const query = { type: "query distinct", sketch_id: 0, counter_key_type: "src_sport" };

it("query distinct is exact for few keys, whatever the counter's capacity", async () => {
  const { root, truth } = await grown(streams, "src_sport", 16);
  const keys = truth("src", "sport").size;
  expect((await root.ask(query)).value).toBe(keys);
  const { value } = await root.ask({ ...query, detail: true });
  expect(value).toMatchObject({ value: keys, lower: keys, upper: keys, exact: true, unit: "keys" });
  expect(value.window.kind).toBe("all");
  expect(value.coverage).toMatchObject({ expected: 3, complete: true });
});

it("query distinct answers for the last seconds too, and for no other window", async () => {
  const { root, truth } = await grown(streams, "src_sport", 4096);
  const { value } = await root.ask({ ...query, window: "realtime", detail: true });
  expect(value.window.kind).toBe("realtime");
  expect(value.value).toBeLessThanOrEqual(truth("src", "sport").size);
  expect((await root.ask({ ...query, window: "yesterday" })).value.error.field).toBe("window");
});

it("query distinct is as precise as the counter was made, over all hosts", async () => {
  const many = [1, 2].map((half) =>
    Array.from({ length: 9000 }, (_, i) => ({
      ...{ src: `10.${half}.${i >> 8}.${i & 255}`, dst: "10.0.0.1", proto: 17, sport: 1, dport: 2 },
    })),
  );
  const widths = [];
  for (const distinct of [0.003, 0.012, 0.05]) {
    const { root } = await grown(many, "src", 64, { distinct });
    const { value } = await root.ask({ ...query, counter_key_type: "src", detail: true });
    expect(value).toMatchObject({ exact: false, coverage: { expected: 2, complete: true } });
    expect(Math.abs(value.value / 18_000 - 1)).toBeLessThan(4 * distinct);
    widths.push((value.upper - value.lower) / 4 / value.value);
    const [{ counters }] = (await root.ask({ type: "query sketches" })).value;
    expect(counters[0].distinct).toBe(distinct);
    const other = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src", capacity: 64 };
    expect((await root.ask({ ...other, distinct: 0.02 })).value.error).toMatchObject({
      code: "conflict",
      field: "distinct",
    });
    expect((await root.ask({ ...other, distinct: 0.001 })).value.error.field).toBe("distinct");
  }
  expect(widths.map((width) => width.toFixed(4))).toEqual(["0.0030", "0.0119", "0.0238"]);
});
