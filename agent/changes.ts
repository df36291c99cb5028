// By how much keys changed from one window to another, with certain bounds: the later count less the earlier one.

import { type ChangeOfKey, type KeyedCounts, toCount } from "../controller-client/messages/index.js";
import type { LikelyCounts } from "./algebra.js";
import type { Compared } from "./payloads/compared.js";
import type { LedgerKind } from "./payloads/ledgers.js";
import { largestWithin } from "./payloads/share.js";

export interface Change {
  readonly key: string;
  /** The likely count of the one less that of the other: an estimate between the bounds. */
  readonly change: bigint;
  readonly lower: bigint;
  readonly upper: bigint;
}

export interface ChangesAsked {
  readonly k: number;
  /** Share of the larger total that a change must exceed. */
  readonly threshold?: number | undefined;
}

/** The largest changes either way, by falling size. */
export function changesOf(
  kind: LedgerKind,
  compared: Compared,
  { k, threshold }: ChangesAsked,
): readonly Change[] {
  const totals = totalsOf(kind, compared);
  const larger = totals.after > totals.before ? totals.after : totals.before;
  const least = threshold === undefined ? 0n : largestWithin(threshold, larger);
  const changed = allChanges(kind, compared).filter(({ change }) => size(change) > least);
  return changed.sort(bySize).slice(0, k);
}

export function totalsOf({ algebra }: LedgerKind, { ledger, before }: Compared) {
  return {
    after: algebra.ledgerSummary(ledger).total,
    before: algebra.ledgerSummary(before.value).total,
  };
}

function allChanges({ algebra, secret }: LedgerKind, { ledger, before }: Compared): Change[] {
  const named = [ledger, before.value].flatMap((one) => algebra.ledgerEntries(one, secret).keys);
  const keys = [...new Set(named)];
  const now = algebra.ledgerLikely(ledger, secret, keys);
  const then = algebra.ledgerLikely(before.value, secret, keys);
  return keys.map((key, i) => {
    const [from, to] = [countOf(then, i), countOf(now, i)];
    return {
      key,
      change: to.likely - from.likely,
      lower: to.lower - from.upper,
      upper: to.upper - from.lower,
    };
  });
}

const countOf = ({ lower, likely, upper }: LikelyCounts, index: number) => ({
  lower: lower[index] ?? 0n,
  likely: likely[index] ?? 0n,
  upper: upper[index] ?? 0n,
});

const size = (change: bigint): bigint => (change < 0n ? -change : change);

function bySize(a: Change, b: Change): number {
  if (size(a.change) !== size(b.change)) return size(a.change) > size(b.change) ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

export const bareChanges = (changes: readonly Change[]): KeyedCounts =>
  Object.fromEntries(changes.map(({ key, change }) => [key, toCount(change)]));

export const changedKeys = (changes: readonly Change[]): Readonly<Record<string, ChangeOfKey>> =>
  Object.fromEntries(changes.map((change) => [change.key, changeOfKey(change)]));

function changeOfKey({ change, lower, upper }: Change): ChangeOfKey {
  return {
    change: toCount(change),
    lower: toCount(lower),
    upper: toCount(upper),
    exact: lower === upper,
    certain: lower > 0n || upper < 0n,
  };
}
