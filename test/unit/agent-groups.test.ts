// Counters read by coarser keys, over a tree: exact while nothing spilled, certain bounds when something did.

import { afterAll, describe, expect, it } from "vitest";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures } from "./agent-fakes.js";
import { flows, grown } from "./agent-views.js";

afterAll(removeCaptures);

const keyType = "src_sport_dst_dport_proto";
const streams = [flows(300, 200, 1), flows(200, 200, 2), flows(400, 200, 3)];
const query = { sketch_id: 0, counter_key_type: keyType };
const heavy = { type: "query heavy hitters", ...query };

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

describe("heavy hitters by a coarser key", () => {
  it.each([
    ["src", ["src"]],
    ["dport", ["dport"]],
    ["dst_src", ["dst", "src"]],
  ] as const)("are exact while few keys were seen: %s", async (group_by, parts) => {
    const { root, truth } = await grown(streams, keyType, 4096);
    const { value } = await root.ask({ ...heavy, group_by, k: 1000 });
    expect(value).toEqual(Object.fromEntries(truth(...(parts as readonly (keyof Datagram)[]))));
    const sketch = { type: "query sketch", ...query, group_by };
    for (const [counter_key, count] of truth(...(parts as readonly (keyof Datagram)[]))) {
      expect((await root.ask({ ...sketch, counter_key })).value).toBe(count);
    }
    const realTime = { type: "query real time counter", ...query, group_by };
    const known = truth(...(parts as readonly (keyof Datagram)[]));
    for (const [key, count] of Object.entries((await root.ask(realTime)).value)) {
      expect(count).toBeLessThanOrEqual(known.get(key) ?? 0);
    }
  });

  it("keep certain bounds when the counters have spilled", async () => {
    const { root, truth } = await grown(streams, keyType, 16);
    for (const part of ["src", "dport", "proto"] as const) {
      const { value } = await root.ask({ ...heavy, group_by: part, k: 1000, detail: true });
      expect(value.exact).toBe(false);
      for (const [key, count] of truth(part)) {
        const bounds: Bounds | undefined = value.keys[key];
        expect(bounds?.lower ?? 0).toBeLessThanOrEqual(count);
        if (bounds !== undefined) expect(bounds.upper).toBeGreaterThanOrEqual(count);
        const one = { type: "query sketch", ...query, group_by: part, counter_key: key, detail: true };
        const { lower, upper } = (await root.ask(one)).value;
        expect(lower).toBeLessThanOrEqual(count);
        expect(upper).toBeGreaterThanOrEqual(count);
      }
    }
  });

  it("are judged by each host's own share of the group", async () => {
    const { root, truth } = await grown(streams, keyType, 4096);
    const { value } = await root.ask({ ...heavy, group_by: "src/16", threshold: 0.9 });
    expect(value).toEqual({ "10.0.0.0/16": [...truth("src").values()].reduce((a, b) => a + b) });
  });

  it("need a key type that is coarser", async () => {
    const { root } = await grown([[]], "src/24_dport", 16);
    for (const group_by of ["src", "src/25", "dst", "dport_sport"]) {
      const asked = { ...heavy, counter_key_type: "src/24_dport", group_by };
      const { status, value } = await root.ask(asked);
      expect([status, value.error.field]).toEqual([400, "group_by"]);
    }
    const keys = { type: "query sketch", sketch_id: 0, counter_key_type: "src/24_dport" };
    const { value } = await root.ask({ ...keys, group_by: "src/24", counter_key: "key_num" });
    expect(value.error.field).toBe("group_by");
  });
});
