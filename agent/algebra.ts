// What an agent needs of the add-on: adding and reading encoded ledgers and sets. Counting is the monitor's.

import {
  checkKey,
  type DistinctCount,
  distinctCount,
  type EntryOptions,
  type LedgerEntries,
  type LedgerSummary,
  ledgerEntries,
  ledgerIntervals,
  ledgerSummary,
  mergeDistinct,
  mergeLedgers,
} from "../native/index.js";

export type { Interval, LedgerEntries, Totals, Window } from "../native/index.js";

/** The functions of native/index.ts under their own names and promises; passed in, so that logic is tested apart. */
export interface Algebra {
  checkKey(keyType: string, key: string): string;
  mergeLedgers(encoded: readonly Uint8Array[], secret: Uint8Array): Uint8Array;
  ledgerSummary(encoded: Uint8Array): LedgerSummary;
  ledgerEntries(encoded: Uint8Array, secret: Uint8Array, options?: EntryOptions): LedgerEntries;
  ledgerIntervals(encoded: Uint8Array, secret: Uint8Array, keys: readonly string[]): LedgerEntries;
  mergeDistinct(encoded: readonly Uint8Array[]): Uint8Array;
  distinctCount(encoded: Uint8Array): DistinctCount;
}

export const nativeAlgebra: Algebra = {
  checkKey,
  mergeLedgers,
  ledgerSummary,
  ledgerEntries,
  ledgerIntervals,
  mergeDistinct,
  distinctCount,
};
