// Encoded sets of distinct keys.

import { addonAs } from "./addon.js";

/** How many distinct keys. `exact` while few enough to be remembered one by one. */
export interface DistinctCount {
  readonly count: number;
  readonly lower: number;
  readonly upper: number;
  readonly exact: boolean;
}

interface Distincts {
  mergeDistinct(encoded: readonly Uint8Array[]): Buffer;
  distinctCount(encoded: Uint8Array): DistinctCount;
}

const distincts = (): Distincts => addonAs<Distincts>();

/** The union of sets of distinct keys; idempotent. Throws `incompatible` as mergeLedgers does. */
export const mergeDistinct = (encoded: readonly Uint8Array[]): Buffer => distincts().mergeDistinct(encoded);

export const distinctCount = (encoded: Uint8Array): DistinctCount => distincts().distinctCount(encoded);
