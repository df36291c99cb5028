// Counts in answers: plain numbers for scripts, and the interval that each certainly lies in.

import type { Evidence } from "./evidence.js";

/** A count; above 2^53 as decimal text, because JSON numbers end there. */
export type Count = number | string;

export type KeyedCounts = Readonly<Record<string, Count>>;

/** One number, certainly within [lower, upper] for the hosts covered. */
export interface CountDetail extends Evidence {
  readonly value: Count;
  readonly lower: Count;
  readonly upper: Count;
  /** True when lower = upper. */
  readonly exact: boolean;
  readonly unit: "packets" | "bytes" | "keys";
}

export interface KeyDetail {
  readonly lower: Count;
  readonly upper: Count;
  readonly exact: boolean;
  /** False: it may be below the threshold, so the bare answer leaves it out. */
  readonly certain: boolean;
}

/** Counts by key, with the bounds of each. */
export interface KeyedDetail extends Evidence {
  readonly value: KeyedCounts;
  readonly keys: Readonly<Record<string, KeyDetail>>;
  /** The sum of all keys' lower bounds; `upper` that of the upper ones. */
  readonly lower: Count;
  readonly upper: Count;
  /** True when every key is certain and its count exact. */
  readonly exact: boolean;
  readonly unit: "packets" | "bytes";
  /** A second round made it more certain. */
  readonly refined?: true;
}

/** A count or a change for JSON: a number up to 2^53 either way, decimal text beyond. */
export const toCount = (count: bigint): Count =>
  count <= BigInt(Number.MAX_SAFE_INTEGER) && count >= BigInt(Number.MIN_SAFE_INTEGER)
    ? Number(count)
    : count.toString();
