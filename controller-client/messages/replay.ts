// What `tallytree replay` and the program that reads the capture file for it say to each other: one order as its
// argument, then events as lines of JSON.

import type { Answer } from "./answers.js";
import type { ErrorBody } from "./errors.js";
import type { Request } from "./requests.js";

export interface ReplayOrder {
  /** "-" is standard input. */
  readonly path: string;
  /** A packet whose direction the file tells counts as both all the same. */
  readonly anyDirection: boolean;
  /** Messages before the file is read: the sketch and its counters. */
  readonly configure: readonly Request[];
  /** Messages at its end. */
  readonly ask: readonly Request[];
}

/** How far the file was read; `size` 0: unknown. */
export interface ReplayProgress {
  readonly position: number;
  readonly size: number;
  /** Packets read so far. */
  readonly packets: number;
}

export interface ReplayResult {
  /** Earliest and latest packet: unix seconds. */
  readonly from: number;
  readonly to: number;
  /** What the sketch's filter let through. */
  readonly packets: number;
  readonly bytes: number;
  /** In the order asked. */
  readonly answers: readonly Answer[];
  /** Why the file ended before its end. */
  readonly failure?: string;
}

export type ReplayEvent =
  | { readonly progress: ReplayProgress }
  | { readonly result: ReplayResult }
  | { readonly error: ErrorBody["error"] };
