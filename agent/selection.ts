// Which keys of a merged ledger answer a question about heavy hitters, and which of them certainly do.

import type { LedgerEntries } from "./algebra.js";
import type { LedgerView } from "./ledger-view.js";
import type { Hitters } from "./payloads/hitters.js";
import { largestWithin } from "./payloads/share.js";
import { type Row, rowsOf } from "./render.js";
import { contenders } from "./second-round.js";

export interface Selection {
  readonly threshold: number;
  readonly share_of: "host" | "network";
  readonly k?: number | undefined;
}

/** By falling count. */
export function select(
  view: LedgerView,
  hitters: Hitters,
  { threshold, share_of, k }: Selection,
): readonly Row[] {
  if (k !== undefined) return topRows(view, hitters.ledger, k);
  return share_of === "network" ? rowsAbove(view, hitters.ledger, threshold) : candidateRows(view, hitters);
}

/** The keys whose exact counts could still change which are selected, or how certainly. */
export function openKeys(
  view: LedgerView,
  { ledger, certain, possible }: Hitters,
  { threshold, share_of, k }: Selection,
): readonly string[] {
  if (k !== undefined) return openRanks(view, ledger, k);
  if (share_of === "network") {
    return contenders(view.entries(ledger), largestWithin(threshold, view.total(ledger)));
  }
  return contenders(view.intervals(ledger, [...certain, ...possible]), 0n);
}

/** Those that may be among the k largest. */
export function openRanks(view: LedgerView, ledger: Uint8Array, k: number): readonly string[] {
  const entries = view.entries(ledger);
  const least = entries.lower[k - 1] ?? 0n;
  return contenders(entries, least === 0n ? 0n : least - 1n);
}

function candidateRows(view: LedgerView, { ledger, certain, possible }: Hitters): readonly Row[] {
  const keys = [...certain, ...possible];
  const entries = view.intervals(ledger, keys);
  return rowsOf(entries, ({ key }) => certain.has(key)).sort(byCount);
}

function rowsAbove(view: LedgerView, ledger: Uint8Array, threshold: number): readonly Row[] {
  const above = largestWithin(threshold, view.total(ledger));
  return rowsOf(view.entries(ledger, { above }), ({ lower }) => lower > above);
}

// A key is certainly among the top k when no key left out can have a larger count.
function topRows(view: LedgerView, ledger: Uint8Array, k: number): readonly Row[] {
  const entries = view.entries(ledger);
  const rival = largestUpper(entries, k, entries.floor);
  return rowsOf(firstOf(entries, k), ({ lower }) => lower >= rival);
}

function largestUpper({ upper }: LedgerEntries, from: number, floor: bigint): bigint {
  return upper.subarray(from).reduce((most, bound) => (bound > most ? bound : most), floor);
}

const firstOf = ({ keys, lower, upper }: LedgerEntries, k: number): LedgerEntries => ({
  keys: keys.slice(0, k),
  lower: lower.subarray(0, k),
  upper: upper.subarray(0, k),
});

function byCount(a: Row, b: Row): number {
  if (a.lower !== b.lower) return a.lower > b.lower ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}
