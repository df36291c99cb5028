// Encoded histograms of packet sizes.

import { addonAs } from "./addon.js";

/** Sizes in bytes, both ends included. */
export interface SizeBucket {
  readonly from: bigint;
  readonly to: bigint;
  readonly packets: bigint;
}

/** The size at some rank: certainly within [lower, upper], and `value` within 0.8 % of it. */
export interface SizeAtRank {
  readonly value: bigint;
  readonly lower: bigint;
  readonly upper: bigint;
}

/** IP total lengths of packets as on the wire. All but the quantiles between least and largest is exact. */
export interface SizeSummary {
  readonly packets: bigint;
  readonly bytes: bigint;
  /** 0 without packets, as is `largest`. */
  readonly least: bigint;
  readonly largest: bigint;
  /** Those with packets, ascending. */
  readonly buckets: readonly SizeBucket[];
  /** For each of the shares asked for. */
  readonly quantiles: readonly SizeAtRank[];
}

interface Sizes {
  sizesBytes(): number;
  mergeSizes(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
  sizeSummary(encoded: Uint8Array, secret: Uint8Array, shares: readonly number[]): SizeSummary;
}

const sizes = (): Sizes => addonAs<Sizes>();

/** The ceiling in bytes of the sizes of one sketch: cumulative, open, and sealed seconds and minutes. */
export const sizesBytes = (): number => sizes().sizesBytes();

/** The sum of histograms (at least one). Throws `incompatible` for other buckets or another secret. */
export const mergeSizes = (encoded: readonly Uint8Array[], secret: Uint8Array): Buffer =>
  sizes().mergeSizes(encoded, secret);

/** `shares`: ranks from 0 (the least) over 0.5 (the median) to 1 (the largest). */
export const sizeSummary = (
  encoded: Uint8Array,
  secret: Uint8Array,
  shares: readonly number[] = [],
): SizeSummary => sizes().sizeSummary(encoded, secret, shares);
