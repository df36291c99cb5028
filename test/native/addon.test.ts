// The add-on through its typed face: a capture file in, ledgers and sets out, and their algebra.

import { expect, test } from "vitest";
import * as native from "../../native/index.js";
import type { Datagram } from "./capture-bytes.js";
import { replay, secret } from "./replay.js";

const src: native.CounterSpec = { keyType: "src", increment: "pkt", capacity: 64 };

const ping = (host: number, time?: number): Datagram => ({
  src: `10.0.0.${host}`,
  dst: "10.0.0.5",
  proto: 1,
  ...(time === undefined ? {} : { time }),
});

const asMap = ({ keys, lower }: native.LedgerEntries) =>
  Object.fromEntries(keys.map((key, i) => [key, Number(lower[i])]));

test("a file tap counts every packet by key", async () => {
  const tap = await replay(
    [ping(6), ping(6), ping(7)],
    [src, { ...src, keyType: "src_dst", increment: "bytes" }],
  );
  const ledger = (await tap.ledger("s", "src", "all")).value;
  expect(asMap(native.ledgerEntries(ledger, secret))).toEqual({ "10.0.0.6": 2, "10.0.0.7": 1 });
  expect(native.ledgerSummary(ledger)).toMatchObject({ keyType: "src", total: 3n, keys: 2, exact: true });
  expect((await tap.interval("s", "src_dst", "10.0.0.6,10.0.0.5", "all")).value).toEqual({
    lower: 168n,
    upper: 168n,
  });
  expect(await tap.totals("s")).toEqual({ packets: 3n, bytes: 252n, buffers: 3n });
  expect(await tap.stats()).toMatchObject({ seen: 3, read: 3 });
  await tap.stop();
});

test("a filter lets through what it names", async () => {
  const udp = (dport: number): Datagram => ({ src: "10.1.0.1", dst: "10.0.0.5", proto: 17, sport: 5, dport });
  const datagrams = [ping(6), udp(53), udp(53), udp(54)];
  const count = async (filter: Omit<native.Filter, "direction">) => {
    const tap = await replay(datagrams, [], { direction: "input", ...filter });
    const { packets } = await tap.totals("s");
    await tap.stop();
    return packets;
  };
  expect(await count({})).toBe(4n);
  expect(await count({ proto: 17 })).toBe(3n);
  expect(await count({ dport: 53 })).toBe(2n);
  expect(await count({ src: "10.1.0.0/16" })).toBe(3n);
  expect(await count({ dst: "10.0.0.6" })).toBe(0n);
});

test("the real-time window is the last closed second and the running one", async () => {
  const tap = await replay([ping(1, 100), ping(2, 101), ping(3, 102), ping(3, 102)], [src]);
  const realtime = native.ledgerEntries((await tap.ledger("s", "src", "realtime")).value, secret);
  expect(asMap(realtime)).toEqual({ "10.0.0.2": 1, "10.0.0.3": 2 });
  expect(native.distinctCount((await tap.distinct("s", "src", "realtime")).value)).toMatchObject({
    count: 2,
    exact: true,
  });
  expect(native.distinctCount((await tap.distinct("s", "src", "all")).value).count).toBe(3);
  await tap.stop();
});

test("a span of seconds is answered with what it covers", async () => {
  const tap = await replay([ping(1, 6000), ping(2, 6001), ping(2, 6003), ping(3, 6070)], [src]);
  const answer = async (from: number, to: number) => {
    const { value, ...covered } = await tap.ledger("s", "src", { from, to });
    return [asMap(native.ledgerEntries(value, secret)), covered];
  };
  expect(await answer(6001, 6004)).toEqual([
    { "10.0.0.1": 1, "10.0.0.2": 2 },
    { from: 6000, to: 6060 }, // by the minute, as it is over
  ]);
  expect(await answer(6010, 6071)).toEqual([{ "10.0.0.3": 1 }, { from: 6010, to: 6071 }]);
  expect(await answer(0, 9000)).toMatchObject([
    { "10.0.0.2": 2, "10.0.0.3": 1 },
    { from: 6000, to: 6071 },
  ]);
  expect(await tap.interval("s", "src", "10.0.0.3", { from: 6060, to: 6071 })).toEqual({
    from: 6060,
    to: 6071,
    value: { lower: 1n, upper: 1n },
  });
  const { value: set } = await tap.distinct("s", "src", { from: 6012, to: 6080 });
  expect(native.distinctCount(set)).toMatchObject({ count: 1, exact: true });
  expect(() => tap.ledger("s", "src", { from: 1, to: 0.5 })).toThrow(/to must be a whole number/);
  await tap.stop();
});

test("ledgers and sets of several hosts add up", async () => {
  const taps = await Promise.all([
    replay([ping(6), ping(7)], [src]),
    replay([ping(7), ping(8)], [src]),
    replay([ping(7)], [src]),
  ]);
  const merged = native.mergeLedgers(
    await Promise.all(taps.map(async (tap) => (await tap.ledger("s", "src", "all")).value)),
    secret,
  );
  expect(asMap(native.ledgerEntries(merged, secret))).toEqual({
    "10.0.0.7": 3,
    "10.0.0.6": 1,
    "10.0.0.8": 1,
  });
  expect(native.ledgerEntries(merged, secret, { above: 1n }).keys).toEqual(["10.0.0.7"]);
  expect(native.ledgerEntries(merged, secret, { limit: 1 }).keys).toEqual(["10.0.0.7"]);
  expect([...native.ledgerIntervals(merged, secret, ["10.0.0.9", "10.0.0.6"]).upper]).toEqual([0n, 1n]);
  const sets = taps.map(async (tap) => (await tap.distinct("s", "src", "all")).value);
  const union = native.mergeDistinct(await Promise.all(sets));
  expect(native.distinctCount(union)).toEqual({ count: 3, lower: 3, upper: 3, exact: true });
  await Promise.all(taps.map((tap) => tap.stop()));
});

test("past the capacity every interval still holds", async () => {
  const datagrams = Array.from({ length: 3000 }, (_, i) => ping(i % 3 === 0 ? 1 : i % 250));
  const tap = await replay(datagrams, [src]);
  const truth = new Map<string, number>();
  for (const { src: key } of datagrams) truth.set(key, (truth.get(key) ?? 0) + 1);
  const ledger = (await tap.ledger("s", "src", "all")).value;
  expect(native.ledgerSummary(ledger).exact).toBe(false);
  const keys = [...truth.keys()];
  const { lower, upper } = native.ledgerIntervals(ledger, secret, keys);
  keys.forEach((key, i) => {
    expect(Number(lower[i])).toBeLessThanOrEqual(truth.get(key) ?? 0);
    expect(Number(upper[i])).toBeGreaterThanOrEqual(truth.get(key) ?? 0);
  });
  await tap.stop();
});

test("packets without ports are told of, not given port 0", async () => {
  const tap = await replay([ping(6), ping(6)], [{ ...src, keyType: "src_dport" }]);
  const summary = native.ledgerSummary((await tap.ledger("s", "src_dport", "all")).value);
  expect(summary).toMatchObject({ keys: 0, total: 0n, unkeyed: 2n });
  await tap.stop();
});

test("what does not fit is refused with its code", async () => {
  const tap = await replay([ping(6)], [src]);
  const ledger = (await tap.ledger("s", "src", "all")).value;
  await expect(tap.ledger("t", "src", "all")).rejects.toMatchObject({ code: "not_found" });
  await expect(tap.ledger("s", "dst", "all")).rejects.toMatchObject({ code: "not_found" });
  await expect(tap.addCounter("s", src)).rejects.toMatchObject({ code: "conflict" });
  await expect(tap.addSketch("s", secret, { direction: "input" })).rejects.toMatchObject({
    code: "conflict",
  });
  await expect(tap.interval("s", "src", "x", "all")).rejects.toMatchObject({ code: "bad_request" });
  const coded = (body: () => unknown) => {
    try {
      return String(body());
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(coded(() => native.openTap({ kind: "file", path: "/nowhere.pcap" }))).toBe("tap");
  expect(coded(() => native.checkKey("src", "10.0.0.256"))).toBe("bad_request");
  expect(coded(() => native.checkKey("src_dport", "2001:DB8::0,080"))).toBe("2001:db8::,80");
  expect(coded(() => native.mergeLedgers([ledger.subarray(1)], secret))).toBe("bad_request");
  expect(coded(() => native.ledgerEntries(ledger, Buffer.alloc(16)))).toBe("incompatible");
  expect(coded(() => native.counterBytes({ ...src, keyType: "colour" }))).toBe("bad_request");
  await tap.stop();
  await expect(tap.totals("s")).rejects.toMatchObject({ code: "tap" });
});

test("a key type with more parts costs more, and more keys cost more", () => {
  const bytes = (keyType: string, capacity: number) => native.counterBytes({ ...src, keyType, capacity });
  expect(bytes("src_sport_dst_dport_proto", 4096)).toBeGreaterThan(bytes("src", 4096));
  expect(bytes("src", 8192)).toBeGreaterThan(bytes("src", 4096));
  const grown = bytes("src", 65_536) - bytes("src", 32_768);
  expect(grown).toBeGreaterThan(1.9 * (bytes("src", 32_768) - bytes("src", 16_384)));
  expect(native.deviceExists("lo")).toBe(true);
  expect(native.deviceExists("nowhere0")).toBe(false);
});
