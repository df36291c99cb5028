// Sketches that go on from what an earlier tap has saved: whole, while packets come, or not at all.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as native from "../../native/index.js";
import { captureBytes, type Datagram } from "./capture-bytes.js";
import { replay, secret } from "./replay.js";

const src: native.CounterSpec = { keyType: "src", increment: "pkt", capacity: 64, spread: ["src/24"] };
const specs = [src, { ...src, keyType: "src_dst" }];
const input = { direction: "input" } as const;
const before = 6000;
const after = 6061;

const pings = (count: number, time: number): readonly Datagram[] =>
  Array.from({ length: count }, (_, i) => ({ src: `10.0.0.${i % 9}`, dst: "10.0.1.1", proto: 1, time }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallytree-resumption-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A tap of the datagrams, so many times over. */
function openFile(datagrams: readonly Datagram[], times = 1): native.Tap {
  const path = join(folder, "datagrams.pcap");
  const once = captureBytes(datagrams);
  const again = Array<Buffer>(times - 1).fill(once.subarray(captureBytes([]).length));
  writeFileSync(path, Buffer.concat([once, ...again]));
  return native.openTap({ kind: "file", path });
}

const whole = (saved: readonly native.Saved[]): readonly native.Kept[] =>
  saved.map(({ state, panes }) => ({ state, panes: panes.map(({ bytes }) => bytes) }));

/** All of a sketch that has counted so many packets. */
async function kept(packets: number) {
  const tap = await replay(pings(packets, before), specs, input, { sizes: true });
  const counters = specs.map(async (spec) => ({
    spec,
    saved: whole(await tap.saveCounter("s", spec.keyType, [0])),
  }));
  const totals = await tap.totals("s");
  const all = { totals, sizes: whole(await tap.saveSizes("s", [0])), counters: await Promise.all(counters) };
  await tap.stop();
  return all;
}

/** The packets of a sketch: by its totals, by its sizes, by each of its counters. */
async function packetsOf(tap: native.Tap, id: string, window: native.Window = "all"): Promise<number[]> {
  const ledgers = specs.map(({ keyType }) => tap.ledger(id, keyType, window));
  const counted = (await Promise.all(ledgers)).map(({ value }) => native.ledgerSummary(value).total);
  const { packets } = native.sizeSummary((await tap.sizes(id, window)).value, secret);
  return [(await tap.totals(id)).packets, packets, ...counted].map(Number);
}

test("while the tap reads, totals, sizes and counters go on with the same packet", async () => {
  const passing = 400_000;
  const saved = await kept(100);
  const tap = openFile(pings(1000, after), passing / 1000);
  tap.start();
  let reading = true;
  void tap.finished.then(() => {
    reading = false;
  });
  const ids: string[] = [];
  while (reading && ids.length < 60) {
    ids.push(`${ids.length}`);
    await tap.addSketch(`${ids.length - 1}`, secret, input, saved);
  }
  await tap.finished;
  const found = await Promise.all(ids.map((id) => packetsOf(tap, id)));
  for (const counts of found) expect(counts).toEqual(counts.map(() => counts[0]));
  expect(found.some(([packets = 0]) => packets > 100 && packets < 100 + passing)).toBe(true);
  await tap.stop();
});

test("it goes on before the first packet, each in its second", async () => {
  const tap = openFile(pings(7, after));
  await tap.addSketch("s", secret, input, await kept(5));
  tap.start();
  await tap.finished;
  expect(await packetsOf(tap, "s")).toEqual([12, 12, 12, 12]);
  expect(await packetsOf(tap, "s", { from: before, to: before + 1 })).toEqual([12, 5, 5, 5]);
  expect(await packetsOf(tap, "s", { from: after, to: after + 1 })).toEqual([12, 7, 7, 7]);
  await tap.stop();
});

test("what cannot be gone on from is refused, and nothing of the sketch is there", async () => {
  const { counters, ...others } = await kept(5);
  const [first, second] = counters;
  if (first === undefined || second === undefined) throw new Error("no counters");
  const [core] = second.saved;
  const cut = { state: core?.state.subarray(1) ?? Buffer.alloc(0), panes: [] };
  const harmed: readonly [string, native.KeptCounter][] = [
    ["bad_request", { ...second, saved: [cut] }],
    ["bad_request", { ...second, saved: [...second.saved, ...second.saved] }],
    ["incompatible", { ...second, spec: { ...second.spec, increment: "bytes" } }],
    ["conflict", first],
  ];
  const tap = openFile(pings(7, after));
  for (const [code, counter] of harmed) {
    const options = { ...others, counters: [first, counter] };
    await expect(async () => tap.addSketch("s", secret, input, options)).rejects.toMatchObject({ code });
    await expect(tap.totals("s")).rejects.toMatchObject({ code: "not_found" });
  }
  const foreign = Buffer.alloc(16, 8);
  const options = { ...others, counters };
  await expect(async () => tap.addSketch("s", foreign, input, options)).rejects.toMatchObject({
    code: "incompatible",
  });
  await tap.addSketch("s", secret, input, options);
  await tap.stop();
});
