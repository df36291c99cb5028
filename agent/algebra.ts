// What an agent needs of the add-on: adding and reading encoded ledgers and sets. Counting is the monitor's.

import {
  type CounterSpec,
  checkKey,
  counterBytes,
  type DistinctCount,
  distinctCount,
  type Entropy,
  type EntryOptions,
  type FanOuts,
  type FlowSizes,
  fanOuts,
  type LedgerEntries,
  type LedgerGroups,
  type LedgerSummary,
  type LikelyCounts,
  ledgerEntries,
  ledgerEntropy,
  ledgerFlowSizes,
  ledgerGroupIntervals,
  ledgerGroups,
  ledgerIntervals,
  ledgerLikely,
  ledgerSummary,
  mergeDistinct,
  mergeLedgers,
  mergeSizes,
  mergeSpreads,
  type SizeSummary,
  sizeSummary,
} from "../native/index.js";

export type {
  EntryOptions,
  FanOuts,
  FlowSizes,
  Interval,
  LedgerEntries,
  LedgerGroups,
  LikelyCounts,
  SizeSummary,
  Totals,
  Window,
} from "../native/index.js";

/** The functions of native/index.ts under their own names and promises; passed in, so that logic is tested apart. */
export interface Algebra {
  checkKey(keyType: string, key: string): string;
  counterBytes(spec: CounterSpec): number;
  mergeLedgers(encoded: readonly Uint8Array[], secret: Uint8Array): Uint8Array;
  ledgerSummary(encoded: Uint8Array): LedgerSummary;
  ledgerEntries(encoded: Uint8Array, secret: Uint8Array, options?: EntryOptions): LedgerEntries;
  ledgerIntervals(encoded: Uint8Array, secret: Uint8Array, keys: readonly string[]): LedgerEntries;
  ledgerLikely(encoded: Uint8Array, secret: Uint8Array, keys: readonly string[]): LikelyCounts;
  ledgerGroups(
    encoded: Uint8Array,
    secret: Uint8Array,
    groupBy: string,
    options?: EntryOptions,
  ): LedgerGroups;
  ledgerGroupIntervals(
    encoded: Uint8Array,
    secret: Uint8Array,
    groupBy: string,
    keys: readonly string[],
  ): LedgerEntries;
  ledgerEntropy(encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): Entropy;
  ledgerFlowSizes(encoded: Uint8Array, secret: Uint8Array, distinct: Uint8Array): FlowSizes;
  mergeSpreads(encoded: readonly Uint8Array[], secret: Uint8Array): Uint8Array;
  fanOuts(encoded: Uint8Array, secret: Uint8Array, by: string, spread?: Uint8Array): FanOuts;
  mergeSizes(encoded: readonly Uint8Array[], secret: Uint8Array): Uint8Array;
  sizeSummary(encoded: Uint8Array, secret: Uint8Array, shares?: readonly number[]): SizeSummary;
  mergeDistinct(encoded: readonly Uint8Array[]): Uint8Array;
  distinctCount(encoded: Uint8Array): DistinctCount;
}

export const nativeAlgebra: Algebra = {
  checkKey,
  counterBytes,
  mergeLedgers,
  ledgerSummary,
  ledgerEntries,
  ledgerIntervals,
  ledgerLikely,
  ledgerGroups,
  ledgerGroupIntervals,
  ledgerEntropy,
  ledgerFlowSizes,
  mergeSpreads,
  fanOuts,
  mergeSizes,
  sizeSummary,
  mergeDistinct,
  distinctCount,
};
