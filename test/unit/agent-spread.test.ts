// Who talks to many, over a tree: exact while nothing spilled, near the truth with a spread, certain without one.

import { afterAll, describe, expect, it } from "vitest";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures } from "./agent-fakes.js";
import { type Grown, grown } from "./agent-views.js";

afterAll(removeCaptures);

/** A scanner that tries as many hosts, some with two packets, among others that talk to three each. */
function scan(first: number, hosts: number, quiet: number): Datagram[] {
  const packet = (src: string, dst: number) => ({
    ...{ src, dst: `10.1.${dst >> 8}.${dst & 255}` },
    ...{ proto: 17, sport: 4000, dport: 53 },
  });
  const scanner = Array.from({ length: hosts }, (_, i) => packet("10.0.0.66", first + i));
  const others = Array.from({ length: quiet }, (_, i) => packet(`10.0.1.${i % 200}`, i % 600));
  return [...scanner, ...others, ...scanner.slice(0, 20)];
}

// The hosts' views overlap: a pair that two of them saw counts once.
const streams = [scan(0, 500, 600), scan(250, 500, 400), scan(500, 1000, 600)];
const query = { type: "query spread", sketch_id: 0, counter_key_type: "src_dst" };

function fanOuts({ truth }: Grown, owner: 0 | 1): ReadonlyMap<string, number> {
  const fanOuts = new Map<string, number>();
  for (const key of truth("src", "dst").keys()) {
    const name = key.split(",")[owner] ?? "";
    fanOuts.set(name, (fanOuts.get(name) ?? 0) + 1);
  }
  return fanOuts;
}

describe("query spread", () => {
  it.each([["src", 0] as const, ["dst", 1] as const])(
    "is exact in both directions: by %s",
    async (by, at) => {
      const village = await grown(streams, "src_dst", 4096);
      const known = fanOuts(village, at);
      const { value } = await village.root.ask({ ...query, group_by: by, k: 10_000 });
      expect(value).toEqual(Object.fromEntries(known));
      const detail = (await village.root.ask({ ...query, group_by: by, detail: true })).value;
      expect(detail).toMatchObject({ exact: true, unit: "keys", basis: "all keys" });
      expect(detail.order).toHaveLength(20);
      expect(detail.coverage.complete).toBe(true);
      const top = Math.max(...known.values());
      expect(detail.keys[detail.order[0]]).toEqual({
        ...{ value: top, lower: top, upper: top },
        ...{ exact: true, certain: true },
      });
    },
  );

  it("takes a threshold in keys and a number of owners", async () => {
    const { root } = await grown(streams, "src_dst", 4096);
    const ask = async (more: object) => (await root.ask({ ...query, group_by: "src", ...more })).value;
    expect(await ask({ threshold: 1499 })).toEqual({ "10.0.0.66": 1500 });
    expect(await ask({ threshold: 1500 })).toEqual({});
    expect(await ask({ k: 1 })).toEqual({ "10.0.0.66": 1500 });
    expect(Object.keys(await ask({}))).toHaveLength(20);
  });

  it("finds the scanner when the counters have spilled, with its error", async () => {
    const { root } = await grown(streams, "src_dst", 16, { spread: "src,dst" });
    expect((await root.ask({ ...query, group_by: "src", threshold: 200 })).value).toEqual({
      "10.0.0.66": expect.closeTo(1500, -3),
    });
    const { value } = await root.ask({ ...query, group_by: "src", k: 1, detail: true });
    expect(value.exact).toBe(false);
    expect(value.basis).toMatch(/two standard errors/);
    const found = value.keys["10.0.0.66"];
    expect(found.lower).toBeLessThanOrEqual(1500);
    expect(found.upper).toBeGreaterThanOrEqual(1500);
    expect(found.upper - found.lower).toBeLessThan(900);
  });

  it("keeps to certain bounds without a spread", async () => {
    const village = await grown(streams, "src_dst", 16, { spread: "dst" });
    const known = fanOuts(village, 0);
    const { value } = await village.root.ask({ ...query, group_by: "src", k: 1000, detail: true });
    expect(value.exact).toBe(false);
    expect(value.basis).toMatch(/keeps no spread/);
    expect(value.order.length).toBeGreaterThan(0);
    for (const key of value.order) {
      expect(value.keys[key].lower).toBeLessThanOrEqual(known.get(key) ?? 0);
      expect(value.keys[key].upper).toBeGreaterThanOrEqual(known.get(key) ?? 0);
    }
  });

  it("is about the last seconds when asked so", async () => {
    const { root } = await grown(streams, "src_dst", 16, { spread: "src" });
    const { value } = await root.ask({ ...query, group_by: "src", window: "realtime", detail: true, k: 1 });
    expect(value.window.kind).toBe("realtime");
    const span = { from: 1, to: 2 };
    expect((await root.ask({ ...query, group_by: "src", window: span })).value).toEqual({});
  });
});

describe("the spread of a counter", () => {
  const counter = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src_dst_dport" };

  it("is told with its price and in the list", async () => {
    const { root } = await grown([[]], "src", 16);
    const plain = (await root.ask({ ...counter, counter_key_type: "src_dst" })).value;
    const kept = (await root.ask({ ...counter, spread: "src,src_dst" })).value;
    const price = (text: string) => Number(/at most (\d+) bytes/.exec(text)?.[1]);
    expect(kept).toMatch(/spread by src, src_dst/);
    expect(price(kept)).toBeGreaterThan(price(plain) + 5_000_000);
    const [sketch] = (await root.ask({ type: "query sketches" })).value;
    expect(sketch.counters[2]).toMatchObject({ spread: ["src", "src_dst"] });
    expect(sketch.counters[1]).not.toHaveProperty("spread");
    expect((await root.ask({ ...counter, spread: "src" })).value.error).toMatchObject({
      ...{ code: "conflict", field: "spread" },
      message: expect.stringContaining("src,src_dst"),
    });
  });

  it.each([
    ["sport", "spread"],
    ["src_dst_dport", "spread"],
    ["dport_dst_src", "spread"],
    ["src,src", "spread"],
    ["src,dst,dport,src_dst,src/8", "spread"],
    ["src;dst", "spread"],
    ["", "spread"],
  ])("refuses %s", async (spread, field) => {
    const { root } = await grown([[]], "src", 16);
    expect((await root.ask({ ...counter, spread })).value.error).toMatchObject({
      code: "bad_request",
      field,
    });
  });

  it.each([
    [{}, "group_by"],
    [{ group_by: "src_dst" }, "group_by"],
    [{ group_by: "dport" }, "group_by"],
    [{ group_by: "src", threshold: 0.5 }, "threshold"],
    [{ group_by: "src", k: 0 }, "k"],
    [{ group_by: "src", window: "yesterday" }, "window"],
  ])("is not asked for by %j", async (fields, field) => {
    const { root } = await grown([[]], "src_dst", 16);
    expect((await root.ask({ ...query, ...fields })).value.error).toMatchObject({
      code: "bad_request",
      field,
    });
  });
});
