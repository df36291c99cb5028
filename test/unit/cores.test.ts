// A sketch on several cores: each goes on from what it has saved, and none has what one refuses.

import { expect, it } from "vitest";
import { type CoreAlgebra, openCores } from "../../native/cores.js";
import type { Kept, SketchOptions, Tap } from "../../native/index.js";
import { FakeTap } from "./monitor-fakes.js";

const secret = Buffer.alloc(16, 7);
const input = { direction: "input" } as const;
const spec = { keyType: "src", increment: "pkt", capacity: 64 } as const;
const totals = { packets: 5n, bytes: 420n, buffers: 4n };
const saved = (of: string, cores = 2): readonly Kept[] =>
  Array.from({ length: cores }, (_, core) => ({ state: Buffer.from(`${of} ${core}`), panes: [] }));

function open(): { readonly tap: Tap; readonly cores: readonly FakeTap[] } {
  const cores: FakeTap[] = [];
  const openTap = () => {
    cores.push(new FakeTap());
    return cores.at(-1) as FakeTap;
  };
  const merge = () => Buffer.alloc(0);
  const algebra: CoreAlgebra = {
    openTap,
    mergeLedgers: merge,
    mergeDistinct: merge,
    mergeSizes: merge,
    mergeSpreads: merge,
  };
  return { tap: openCores({ kind: "packet", cores: 2 }, algebra), cores };
}

const options: SketchOptions = { totals, sizes: saved("sizes"), counters: [{ spec, saved: saved("src") }] };

it("each core goes on from its own, in one step, and the first has the totals", async () => {
  const { tap, cores } = open();
  await tap.addSketch("s", secret, input, options);
  expect(cores.map(({ restored }) => restored.map(({ state }) => `${state}`))).toEqual([
    ["sizes 0", "src 0"],
    ["sizes 1", "src 1"],
  ]);
  expect(cores.map(({ asked }) => asked)).toEqual([["addSketch s sizes"], ["addSketch s sizes"]]);
  expect(cores.map(({ totalsGiven }) => totalsGiven)).toEqual([[totals], []]);
});

it("what one core refuses is on none, and what was there stays", async () => {
  const { tap, cores } = open();
  const [, second] = cores;
  if (second === undefined) throw new Error("no second core");
  second.nextError = new Error("no room");
  await expect(tap.addSketch("s", secret, input, options)).rejects.toThrow("no room");
  expect(cores.map(({ sketches }) => sketches.size)).toEqual([0, 0]);
  await tap.addSketch("s", secret, input, options);
  for (const core of cores) core.nextError = new Error("there already");
  await expect(tap.addSketch("s", secret, input, options)).rejects.toThrow("there already");
  expect(cores.map(({ sketches }) => sketches.size)).toEqual([1, 1]);
});

it("what another number of cores has kept is refused", async () => {
  const { tap, cores } = open();
  for (const bad of [{ sizes: saved("sizes", 3) }, { counters: [{ spec, saved: saved("src", 1) }] }])
    await expect(tap.addSketch("s", secret, input, { ...options, ...bad })).rejects.toMatchObject({
      code: "bad_request",
      message: expect.stringMatching(/it was kept by [13] cores/),
    });
  expect(cores.map(({ asked }) => asked)).toEqual([[], []]);
});
