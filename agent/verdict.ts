// Whether a count is beyond a watch's limit: yes, no, or open while what is known leaves both possible.

import type { Interval } from "./algebra.js";
import type { Limit } from "./watch.js";

export type Verdict = "yes" | "no" | "open";

/**
 * `isWhole`: nothing that could be in the count is missing. What is missing can only add to it, so a count above its
 * limit stays so, and nothing else is certain.
 */
export function verdictOf(limit: Limit, { lower, upper }: Interval, isWhole: boolean): Verdict {
  if ("above" in limit) {
    if (lower > BigInt(limit.above)) return "yes";
    return isWhole && upper <= BigInt(limit.above) ? "no" : "open";
  }
  if (lower >= BigInt(limit.below)) return "no";
  return isWhole && upper < BigInt(limit.below) ? "yes" : "open";
}

/** Whether the first count is farther beyond the limit than the second, certainly so. */
export const isFarther = (limit: Limit, a: Interval, b: Interval): boolean =>
  "above" in limit ? a.lower > b.lower : a.upper < b.upper;
