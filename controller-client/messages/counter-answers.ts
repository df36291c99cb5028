// Detailed answers about all keys of a counter together.

import type { Evidence, KeyedDetail } from "./answers.js";

/** The largest keys; a key's `certain` speaks of its rank. */
export interface TopDetail extends KeyedDetail {
  /** The keys, the largest first: objects forget that order when keys are numbers. */
  readonly order: readonly string[];
}

/** Shannon entropy of the counts by key. */
export interface EntropyDetail extends Evidence {
  readonly value: number;
  /** With `upper`: certain bounds for the hosts covered. */
  readonly lower: number;
  readonly upper: number;
  /** `value` divided by what as many keys could have at most: 0 (one key has all) to 1 (all have the same). */
  readonly normalised: number;
  /** True when lower = upper. */
  readonly exact: boolean;
  readonly unit: "bits";
}
