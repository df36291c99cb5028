// Going on from the checkpoint of an earlier monitor: its sketches, its books, and the gap since.

import type { Logger } from "pino";
import type { Gap, TapStats } from "../native/index.js";
import type { Capture } from "./capture.js";
import { type CheckpointFolder, Damaged } from "./checkpoint-folder.js";
import { type Checkpoint, readCheckpoint } from "./checkpoint-form.js";
import type { Sketches } from "./sketches.js";

/** As in the tap's own books. */
const mostGaps = 32;

/** Where the checkpoint of a monitor at this socket is kept unless told otherwise. */
export const stateBeside = (socket: string): string => `${socket.replace(/\.sock$/, "")}.state`;

/** The checkpoint, or undefined when there is none that is whole and of this tap: then what is there is moved aside. */
export function loadCheckpoint(
  folder: CheckpointFolder,
  tap: Capture["kind"],
  log: Logger,
): Checkpoint | undefined {
  try {
    return readCheckpoint(folder, tap);
  } catch (error) {
    if (!(error instanceof Damaged || error instanceof SyntaxError || error instanceof TypeError))
      throw error;
    const aside = folder.setAside();
    log.error({ reason: error.message, aside }, "the checkpoint is refused: counts begin at zero");
    return undefined;
  }
}

export interface Successor {
  readonly capture: Capture;
  readonly sketches: Sketches;
  readonly folder: CheckpointFolder;
  readonly log: Logger;
}

/** Takes up its sketches and books. What this monitor cannot count is left out, and the checkpoint kept aside. */
export async function resume(
  { at, stats, sketches: kept }: Checkpoint,
  { capture, sketches, folder, log }: Successor,
): Promise<void> {
  const refused: string[] = [];
  for (const sketch of kept) {
    await sketches.restore(sketch).catch((error: unknown) => {
      refused.push(`${sketch.uuid}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  const gap = { from: at / 1000, to: Math.max(at, Date.now()) / 1000, reason: "restarted" };
  capture.follow(withGap(stats, gap));
  log.info({ sketches: sketches.size, gap }, "the monitor goes on from its checkpoint");
  if (refused.length > 0)
    log.error({ refused, aside: folder.setAside() }, "some sketches of the checkpoint are refused");
}

function withGap({ obstacle: _, ...stats }: TapStats, gap: Gap): TapStats {
  const gaps = stats.gaps.map((one) => ({ ...one, to: one.to ?? gap.from }));
  return { ...stats, gaps: joined([...gaps, gap]) };
}

/** Of more than `mostGaps`, the oldest become one that covers them. */
function joined(gaps: readonly Gap[]): readonly Gap[] {
  if (gaps.length <= mostGaps) return gaps;
  const [first, second, ...rest] = [...gaps].sort((a, b) => a.from - b.from);
  if (first === undefined || second === undefined) return gaps;
  const to = Math.max(first.to ?? 0, second.to ?? 0);
  const reason = first.reason === second.reason ? first.reason : "several";
  return joined([{ from: first.from, to, reason }, ...rest]);
}
