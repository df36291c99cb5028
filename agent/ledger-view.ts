// How answers read a merged ledger: by the keys it counts, or by coarser ones.

import type { Algebra, EntryOptions, LedgerEntries, LedgerGroups } from "./algebra.js";

export interface LedgerView {
  /** The type of the keys that the view shows. */
  readonly keyType: string;
  total(ledger: Uint8Array): bigint;
  /** By falling lower bound, with the upper bound of what is not listed. */
  entries(ledger: Uint8Array, options?: EntryOptions): LedgerGroups;
  /** Of the keys given, in their order. */
  intervals(ledger: Uint8Array, keys: readonly string[]): LedgerEntries;
}

export interface ViewOptions {
  readonly algebra: Algebra;
  readonly keyType: string;
  readonly secret: Uint8Array;
}

/** The view by `groupBy`, a key type coarser than the ledger's, or by the ledger's own. */
export function viewOf({ algebra, keyType, secret }: ViewOptions, groupBy: string = keyType): LedgerView {
  const total = (ledger: Uint8Array) => algebra.ledgerSummary(ledger).total;
  if (groupBy !== keyType) {
    return {
      keyType: groupBy,
      total,
      entries: (ledger, options) => algebra.ledgerGroups(ledger, secret, groupBy, options),
      intervals: (ledger, keys) => algebra.ledgerGroupIntervals(ledger, secret, groupBy, keys),
    };
  }
  return {
    keyType,
    total,
    entries: (ledger, options) => {
      const { floor } = algebra.ledgerSummary(ledger);
      return { ...algebra.ledgerEntries(ledger, secret, options), floor };
    },
    intervals: (ledger, keys) => algebra.ledgerIntervals(ledger, secret, keys),
  };
}
