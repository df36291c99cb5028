// Packet sizes over a tree: what several hosts counted adds up to what one host would have counted.

import { afterAll, expect, it } from "vitest";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const query = { type: "query sizes", sketch_id: 0 };

/** Ascending by size, from 28 bytes. */
function datagrams(count: number, step: number): Datagram[] {
  return Array.from({ length: count }, (_, i) => ({
    src: "10.0.0.1",
    dst: "10.0.0.2",
    proto: 17,
    length: 28 + ((i * step) % 1472),
    time: 1_700_000_000 + Math.floor((i * 50) / count),
  }));
}

const streams = [datagrams(700, 7), datagrams(400, 11), datagrams(900, 1)];

async function grown(...all: readonly (readonly Datagram[])[]) {
  const village = new Village();
  for (const stream of all) village.add(stream);
  for (let child = 1; child < all.length; child++) await village.link(child > 1 ? 1 : 0, child);
  const root = village.at(0);
  await root.ask({ type: "config sketch", sizes: true });
  await village.play();
  return { root, village };
}

it("query sizes adds up over a tree", async () => {
  const { root } = await grown(...streams);
  const { root: one } = await grown(streams.flat());
  const { value } = await root.ask(query);
  expect(value).toEqual((await one.ask(query)).value);
  const sizes = streams.flat().map(({ length = 0 }) => length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(value).toMatchObject({ packets: 2000, bytes, mean: bytes / 2000, min: 28, max: Math.max(...sizes) });
  const rows: readonly (readonly number[])[] = value.buckets;
  expect(rows.reduce((sum, [, , packets = 0]) => sum + packets, 0)).toBe(2000);
  for (const [from = 0, to = 0, packets = 0] of rows)
    expect(sizes.filter((size) => from <= size && size <= to).length).toBe(packets);
});

it("query sizes bounds its quantiles and tells what it covers", async () => {
  const { root } = await grown(...streams);
  const { value } = await root.ask({ ...query, detail: true });
  const sizes = streams
    .flat()
    .map(({ length = 0 }) => length)
    .sort((a, b) => a - b);
  for (const [name, share] of [["p50", 0.5] as const, ["p90", 0.9] as const, ["p99", 0.99] as const]) {
    const truth = sizes[Math.ceil(share * sizes.length) - 1] ?? 0;
    const { value: near, lower, upper, exact } = value.quantiles[name];
    expect(lower).toBeLessThanOrEqual(truth);
    expect(upper).toBeGreaterThanOrEqual(truth);
    expect(Math.abs(near - truth)).toBeLessThanOrEqual(0.01 * truth);
    expect(exact).toBe(lower === upper);
  }
  expect(value.unit).toBe("bytes");
  expect(value.window.kind).toBe("all");
  expect(value.coverage).toMatchObject({ expected: 3, complete: true });
  expect(value.loss).toMatchObject({ complete: true, estimated: 0 });
});

it("query sizes answers for a window", async () => {
  const { root } = await grown(...streams);
  const window = { from: 1_700_000_010, to: 1_700_000_020 };
  const { value } = await root.ask({ ...query, window });
  const inside = streams.flat().filter(({ time = 0 }) => window.from <= time && time < window.to);
  expect(value.packets).toBe(inside.length);
});

it("query sizes says which sketches keep none, and which there are", async () => {
  const { root } = await grown(...streams);
  await root.ask({ type: "config sketch", label: "plain" });
  const refused = await root.ask({ ...query, sketch_id: 1 });
  expect(refused.value.error).toMatchObject({ code: "not_found", field: "sketch_id" });
  expect(refused.value.error.message).toContain("sizes: true");
  const { value: listed } = await root.ask({ type: "query sketches" });
  expect(listed.map(({ sizes }: { sizes?: boolean }) => sizes)).toEqual([true, undefined]);
});

it("query sizes of nothing is nought", async () => {
  const { root } = await grown([]);
  const { value } = await root.ask(query);
  const ranks = { min: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  expect(value).toEqual({ packets: 0, bytes: 0, mean: 0, ...ranks, buckets: [] });
});

it("sizes are found again in the monitor by an agent that was restarted", async () => {
  const { root, village } = await grown(...streams);
  const { value: before } = await root.ask(query);
  const again = village.restart(0);
  expect((await again.ask({ ...query, scope: "host" })).value.packets).toBe(streams[0]?.length);
  expect(before.packets).toBe(2000);
});
