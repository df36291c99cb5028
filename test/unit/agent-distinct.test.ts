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
