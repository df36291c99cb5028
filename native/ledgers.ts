// Encoded ledgers: added up, and read key by key.

import { addonAs } from "./addon.js";

/** What an encoded ledger says of itself. */
export interface LedgerSummary {
  readonly keyType: string;
  readonly increment: "pkt" | "bytes";
  /** Sum of all increments. */
  readonly total: bigint;
  /** Keys with a count of their own. */
  readonly keys: number;
  /** True while nothing has spilled: then every interval has lower = upper. */
  readonly exact: boolean;
  /** Upper bound of the count of any key that has no entry. */
  readonly floor: bigint;
  /** Matching packets that have no such key (a port key and a packet without ports). */
  readonly unkeyed: bigint;
}

/** Columns, sorted by falling lower bound, then by key. */
export interface LedgerEntries {
  readonly keys: readonly string[];
  readonly lower: BigUint64Array;
  readonly upper: BigUint64Array;
}

export interface EntryOptions {
  readonly above?: bigint;
  readonly limit?: number;
}

interface Ledgers {
  mergeLedgers(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
  ledgerSummary(encoded: Uint8Array): LedgerSummary;
  ledgerEntries(encoded: Uint8Array, secret: Uint8Array, options: EntryOptions): LedgerEntries;
  ledgerIntervals(encoded: Uint8Array, secret: Uint8Array, keys: readonly string[]): LedgerEntries;
}

const ledgers = (): Ledgers => addonAs<Ledgers>();

/**
 * Adds ledgers of different hosts (at least one). `secret` is the sketch's, the one given to Tap.addSketch.
 * Throws `incompatible` for unlike key types, increments or secrets, `bad_request` for bytes that are no ledger.
 */
export const mergeLedgers = (encoded: readonly Uint8Array[], secret: Uint8Array): Buffer =>
  ledgers().mergeLedgers(encoded, secret);

export const ledgerSummary = (encoded: Uint8Array): LedgerSummary => ledgers().ledgerSummary(encoded);

/** Entries whose upper bound exceeds `above` (default: all), the first `limit` of them. */
export const ledgerEntries = (
  encoded: Uint8Array,
  secret: Uint8Array,
  options: EntryOptions = {},
): LedgerEntries => ledgers().ledgerEntries(encoded, secret, options);

/** The interval of each given key, in the order given; a key without an entry has [0, min(floor, cold)]. */
export const ledgerIntervals = (
  encoded: Uint8Array,
  secret: Uint8Array,
  keys: readonly string[],
): LedgerEntries => ledgers().ledgerIntervals(encoded, secret, keys);
