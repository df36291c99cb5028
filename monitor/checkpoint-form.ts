// What a checkpoint says: a head of JSON, and for each core a file of each counter and of each sketch's packet sizes, which
// lists the files of the sealed panes before what the add-on saved.

import type { Kept, SketchTotals, TapStats } from "../native/index.js";
import type { Capture } from "./capture.js";
import { type CheckpointFolder, Damaged, type Part } from "./checkpoint-folder.js";
import type { CounterRecord, SketchRecord } from "./protocol.js";

/** Raised when the head changes its meaning. 1: without packet sizes and matched socket buffers. */
export const checkpointVersion = 2;

export interface Head {
  readonly version: number;
  /** Where its packets were read: another tap sees others. */
  readonly tap: Capture["kind"];
  readonly stats: Omit<TapStats, "matched"> & { readonly matched?: number };
  readonly sketches: readonly HeadSketch[];
}

export interface HeadSketch extends Omit<SketchRecord, "counters"> {
  /** Decimal. */
  readonly totals: { readonly packets: string; readonly bytes: string; readonly buffers?: string };
  readonly counters: readonly HeadCounter[];
  /** Of its packet sizes, one a core. */
  readonly sizesCores?: readonly Part[];
}

export interface HeadCounter extends CounterRecord {
  /** One a core. */
  readonly cores: readonly Part[];
}

export interface PanePart extends Part {
  readonly serial: number;
}

/** A sketch as an earlier process kept it. */
export interface KeptSketch extends Omit<SketchRecord, "counters" | "sizes"> {
  readonly totals: SketchTotals;
  readonly counters: readonly (CounterRecord & { readonly saved: readonly Kept[] })[];
  /** Of its packet sizes, if it keeps them. */
  readonly savedSizes?: readonly Kept[];
}

export interface Checkpoint {
  /** Up to when everything is in it: ms since 1970. */
  readonly at: number;
  readonly stats: TapStats;
  readonly sketches: readonly KeptSketch[];
}

/**
 * All of it, with every checksum compared; undefined when there is none. Throws Damaged, also when another tap than
 * `tap` counted: what two observation points saw is never one count.
 */
export function readCheckpoint(folder: CheckpointFolder, tap: Capture["kind"]): Checkpoint | undefined {
  const found = folder.head();
  if (found === undefined) return undefined;
  const head = found.head as Head;
  if (head.version !== 1 && head.version !== checkpointVersion)
    throw new Damaged(`it has version ${head.version}`);
  if (head.tap !== tap) throw new Damaged(`it is of the ${head.tap} tap, and this is the ${tap} tap`);
  return {
    at: found.at,
    stats: { ...head.stats, matched: head.stats.matched ?? head.stats.read },
    sketches: head.sketches.map((sketch) => keptSketch(folder, sketch)),
  };
}

function keptSketch(
  folder: CheckpointFolder,
  { totals, counters, sizes: _, sizesCores, ...sketch }: HeadSketch,
): KeptSketch {
  const keptCores = (cores: readonly Part[]) => cores.map((part) => kept(folder, part));
  return {
    ...sketch,
    totals: {
      packets: BigInt(totals.packets),
      bytes: BigInt(totals.bytes),
      buffers: BigInt(totals.buffers ?? totals.packets),
    },
    counters: counters.map(({ cores, ...record }) => ({
      ...record,
      saved: keptCores(cores),
    })),
    ...(sizesCores === undefined ? {} : { savedSizes: keptCores(sizesCores) }),
  };
}

/** The content of the file of one core. */
export const coreFile = (panes: readonly PanePart[], state: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify(panes)}\n`), state]);

function kept(folder: CheckpointFolder, part: Part): Kept {
  const bytes = folder.part(part);
  const end = bytes.indexOf("\n");
  const panes = JSON.parse(bytes.toString("utf8", 0, end)) as readonly PanePart[];
  return { state: bytes.subarray(end + 1), panes: panes.map((pane) => folder.part(pane)) };
}
