// Encoded ledgers read otherwise than key by key.

import { addonAs } from "./addon.js";
import type { EntryOptions, LedgerEntries } from "./ledgers.js";

/** Sums of entries by a coarser key. */
export interface LedgerGroups extends LedgerEntries {
  /** Upper bound of the count of any group that is not listed. */
  readonly floor: bigint;
}

/** Counts that are uncertain, with the likeliest of each. */
export interface LikelyCounts extends LedgerEntries {
  /** Estimates within the bounds, equal to them where those are equal. */
  readonly likely: BigUint64Array;
}

/** Shannon's, in bits. */
export interface Entropy {
  readonly value: number;
  /** With `upper`: certain bounds. */
  readonly lower: number;
  readonly upper: number;
  /** `value` / log2 of the number of keys, within [0, 1]. */
  readonly normalised: number;
  readonly exact: boolean;
}

/** Flows (keys) by size (count), over powers of two. */
export interface FlowSizes {
  /** Ascending, from the first that has flows to the last; `from` and `to` included. */
  readonly classes: readonly SizeClass[];
  /** All of them. */
  readonly flows: number;
  /** Those that have no count of their own, placed by an estimate. */
  readonly estimated: number;
  /** Whether their sizes are what is most likely by the cells that they share, rather than a power law. */
  readonly byCells: boolean;
}

export interface SizeClass {
  readonly from: bigint;
  readonly to: bigint;
  readonly flows: number;
  /** Those of them that are certainly of this size. */
  readonly exact: number;
}

interface Views {
  ledgerLikely(encoded: Uint8Array, secret: Uint8Array, keys: readonly string[]): LikelyCounts;
  ledgerGroups(encoded: Uint8Array, secret: Uint8Array, groupBy: string, options: EntryOptions): LedgerGroups;
  ledgerGroupIntervals(
    encoded: Uint8Array,
    secret: Uint8Array,
    groupBy: string,
    keys: readonly string[],
  ): LedgerEntries;
  ledgerEntropy(encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): Entropy;
  ledgerFlowSizes(encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): FlowSizes;
}

const views = (): Views => addonAs<Views>();

/** The likely count of each given key beside its certain bounds, in the order given. */
export const ledgerLikely = (
  encoded: Uint8Array,
  secret: Uint8Array,
  keys: readonly string[],
): LikelyCounts => views().ledgerLikely(encoded, secret, keys);

/**
 * The counts by a coarser key type: some parts of the ledger's own, in any order, with equal or shorter prefixes.
 * Certain bounds as everywhere, exact while nothing has spilled. Throws `bad_request` when it is not coarser.
 */
export const ledgerGroups = (
  encoded: Uint8Array,
  secret: Uint8Array,
  groupBy: string,
  options: EntryOptions = {},
): LedgerGroups => views().ledgerGroups(encoded, secret, groupBy, options);

/** The interval of each given key of type `groupBy`, in the order given. */
export const ledgerGroupIntervals = (
  encoded: Uint8Array,
  secret: Uint8Array,
  groupBy: string,
  keys: readonly string[],
): LedgerEntries => views().ledgerGroupIntervals(encoded, secret, groupBy, keys);

/**
 * Entropy of the ledger's keys. `distinct`: the encoded set of the same keys, read no earlier than the ledger. Throws
 * `incompatible` when it was made with another secret.
 */
export const ledgerEntropy = (encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): Entropy =>
  views().ledgerEntropy(encoded, secret, distinct);

/** Sizes of the flows that a ledger counts; `distinct` as for ledgerEntropy. */
export const ledgerFlowSizes = (encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): FlowSizes =>
  views().ledgerFlowSizes(encoded, secret, distinct);
