// The k largest keys of a merged ledger, and which of their ranks are certain.

import type { LedgerView } from "./ledger-view.js";
import { type Row, rowsOf } from "./render.js";

/** By falling lower bound. A rank is certain when nothing behind it can be larger and nothing before it smaller. */
export function ranked(view: LedgerView, ledger: Uint8Array, k: number): readonly Row[] {
  const entries = view.entries(ledger);
  const rows = rowsOf(entries, () => false);
  const rivals = largestBehind(rows, entries.floor);
  return rows.slice(0, k).map((row, rank) => {
    const isBehind = rank === 0 || (rows[rank - 1]?.lower ?? 0n) >= row.upper;
    return { ...row, certain: isBehind && row.lower >= (rivals[rank] ?? 0n) };
  });
}

/** For each row the largest upper bound of all that follow, unlisted keys included. */
function largestBehind(rows: readonly Row[], floor: bigint): readonly bigint[] {
  const bounds = new Array<bigint>(rows.length);
  let largest = floor;
  for (let index = rows.length - 1; index >= 0; index--) {
    bounds[index] = largest;
    const upper = rows[index]?.upper ?? 0n;
    if (upper > largest) largest = upper;
  }
  return bounds;
}
