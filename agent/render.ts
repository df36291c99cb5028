// Counts as answers show them: bare as old scripts parse them, or with their bounds.

import {
  type Count,
  type KeyDetail,
  type KeyedCounts,
  toCount,
} from "../controller-client/messages/index.js";
import type { Interval, LedgerEntries, Totals } from "./algebra.js";

export type Unit = "packets" | "bytes" | "keys";

export const unitOf = (increment: "pkt" | "bytes"): Unit => (increment === "pkt" ? "packets" : "bytes");

/** The count shown for an interval: what was certainly counted, the best estimate too when traffic is bursty. */
export const bareCount = ({ lower }: Interval): Count => toCount(lower);

export function countDetail(interval: Interval, unit: Unit): object {
  const { lower, upper } = interval;
  const bounds = { lower: toCount(lower), upper: toCount(upper), exact: lower === upper };
  return { value: bareCount(interval), ...bounds, unit };
}

/** [packets, bytes] of one rule. */
export const bareTotals = ({ packets, bytes }: Totals): readonly Count[] => [
  toCount(packets),
  toCount(bytes),
];

export function totalsDetail(totals: Totals): object {
  const value = bareTotals(totals);
  return { value, lower: value, upper: value, exact: true, unit: "packets,bytes" };
}

/** One key with its bounds, and whether it certainly belongs into the answer. */
export interface Row {
  readonly key: string;
  readonly lower: bigint;
  readonly upper: bigint;
  readonly certain: boolean;
}

/** Rows of entries, in their order, without keys that were certainly never seen. */
export function rowsOf(
  { keys, lower, upper }: LedgerEntries,
  isCertain: (row: Omit<Row, "certain">) => boolean,
) {
  const rows = keys.map((key, index) => ({ key, lower: lower[index] ?? 0n, upper: upper[index] ?? 0n }));
  return rows.filter((row) => row.upper > 0n).map((row): Row => ({ ...row, certain: isCertain(row) }));
}

export function bareRows(rows: readonly Row[]): KeyedCounts {
  return Object.fromEntries(
    rows.filter(({ certain }) => certain).map(({ key, lower }) => [key, toCount(lower)]),
  );
}

export function rowsDetail(rows: readonly Row[], unit: Unit): object {
  const keys = Object.fromEntries(rows.map((row) => [row.key, rowDetail(row)]));
  const exact = rows.every(({ lower, upper, certain }) => certain && lower === upper);
  const sum = (of: (row: Row) => bigint) => toCount(rows.reduce((total, row) => total + of(row), 0n));
  const bounds = { lower: sum((row) => row.lower), upper: sum((row) => row.upper) };
  return { value: bareRows(rows), keys, ...bounds, exact, unit };
}

function rowDetail({ lower, upper, certain }: Row): KeyDetail {
  return { lower: toCount(lower), upper: toCount(upper), exact: lower === upper, certain };
}
