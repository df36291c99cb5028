// Two rounds for what one leaves open. Ledgers are merged on their way up, and each merge may widen intervals; the
// hosts' own intervals of some keys, added up, are never wider. So with `refine` the keys that could still change the
// answer are asked about once more, by name.

import type { Interval, LedgerEntries } from "./algebra.js";
import type { LedgerView } from "./ledger-view.js";
import type { KeyIntervals } from "./payloads/key-intervals.js";

/** Keys that one message names. */
export const mostKeys = 1024;

/** The share of a question's time that its first round may take. */
export const firstRoundShare = 0.6;

/** What the second round brought. */
export interface SecondRound {
  readonly intervals: ReadonlyMap<string, Interval>;
  /** Of the second round: with live counts it is larger than that of the first. */
  readonly total: bigint;
}

export function secondRound(keys: readonly string[], { lower, upper, total }: KeyIntervals): SecondRound {
  const of = (i: number): Interval => ({ lower: lower[i] ?? 0n, upper: upper[i] ?? 0n });
  return { intervals: new Map(keys.map((key, i) => [key, of(i)])), total };
}

/** The keys whose bounds decide between being in an answer and not: those that may exceed `bound`, the largest first. */
export function contenders({ keys, lower, upper }: LedgerEntries, bound: bigint): readonly string[] {
  const open = keys.map((_, i) => i).filter((i) => (upper[i] ?? 0n) > bound);
  if (open.every((i) => lower[i] === upper[i])) return [];
  const byUpper = (a: number, b: number) => ((upper[a] ?? 0n) < (upper[b] ?? 0n) ? 1 : -1);
  return open
    .sort(byUpper)
    .slice(0, mostKeys)
    .map((i) => keys[i] ?? "");
}

/**
 * The view of a ledger of the first round as of the second one. Counts only grow: a key that was asked about has at
 * least what either round tells for certain and at most what the second one does; any other may have got all that
 * came between the two. Where counts have shrunk, a monitor was begun anew, and the first round stands.
 */
export function seenAgain(view: LedgerView, ledger: Uint8Array, again: SecondRound | undefined): LedgerView {
  if (again === undefined) return view;
  const { intervals, total } = again;
  const grown = total - view.total(ledger);
  if (grown < 0n) return view;
  const later = ({ keys, lower, upper }: LedgerEntries): readonly Row[] =>
    keys.map((key, i) => {
      const [first, bound] = [lower[i] ?? 0n, upper[i] ?? 0n];
      const found = intervals.get(key);
      if (found === undefined) return { key, lower: first, upper: bound + grown };
      return { key, lower: found.lower > first ? found.lower : first, upper: found.upper };
    });
  return {
    keyType: view.keyType,
    total: () => total,
    entries: (_, { above = -1n, limit } = {}) => {
      const entries = view.entries(ledger);
      const kept = later(entries).filter(({ upper }) => upper > above);
      return { ...columns([...kept].sort(byLower).slice(0, limit)), floor: entries.floor + grown };
    },
    intervals: (_, keys) => columns(later(view.intervals(ledger, keys))),
  };
}

interface Row extends Interval {
  readonly key: string;
}

function byLower(a: Row, b: Row): number {
  if (a.lower !== b.lower) return a.lower > b.lower ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

const columns = (rows: readonly Row[]) => ({
  keys: rows.map(({ key }) => key),
  lower: BigUint64Array.from(rows, ({ lower }) => lower),
  upper: BigUint64Array.from(rows, ({ upper }) => upper),
});
