// Payloads that are named 64-bit sums: the interval of one key, the totals of one rule.

import type { Codec } from "../../overlay/index.js";
import type { Interval, Totals } from "../algebra.js";

/** Bounds of one key's count: the sum of every host's bounds, never looser than those of merged ledgers. */
export const intervalCodec: Codec<Interval> = {
  write: ({ lower, upper }) => ({ fields: { lower: `${lower}`, upper: `${upper}` } }),
  read: ({ lower, upper }) => ordered({ lower: sum(lower), upper: sum(upper) }),
  merge: (parts) => parts.reduce((a, b) => ({ lower: a.lower + b.lower, upper: a.upper + b.upper })),
};

export const totalsCodec: Codec<Totals> = {
  write: ({ packets, bytes }) => ({ fields: { packets: `${packets}`, bytes: `${bytes}` } }),
  read: ({ packets, bytes }) => ({ packets: sum(packets), bytes: sum(bytes) }),
  merge: (parts) => parts.reduce((a, b) => ({ packets: a.packets + b.packets, bytes: a.bytes + b.bytes })),
};

/** 64 bits have 20 digits; the rest is room for many hosts. */
const decimal = /^\d{1,26}$/;

function sum(text: unknown): bigint {
  if (typeof text !== "string" || !decimal.test(text))
    throw new Error("a count is not a whole number of at least 0");
  return BigInt(text);
}

function ordered(interval: Interval): Interval {
  if (interval.lower > interval.upper) throw new Error("a lower bound exceeds its upper bound");
  return interval;
}
