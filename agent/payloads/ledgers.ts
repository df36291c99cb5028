// Payloads that are encoded ledgers or sets of distinct keys.

import type { Codec } from "../../overlay/index.js";
import type { Algebra } from "../algebra.js";

/** What every ledger of one answer has in common. */
export interface LedgerKind {
  readonly algebra: Algebra;
  readonly keyType: string;
  readonly increment: "pkt" | "bytes";
  /** Most keys with an entry. */
  readonly capacity: number;
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

/** Longest encoded ledger: entries of at most 58 bytes, and 2 x 8 cold cells a key that take three bytes each. */
export const ledgerBytes = ({ capacity }: Pick<LedgerKind, "capacity">): number => 128 * capacity + 4096;

/** Longest encoded set: 2^16 registers, or 4096 hashes of 8 bytes. */
export const distinctBytes = 65 * 1024;

/** Keyed counts as an encoded ledger. */
export function ledgerCodec(kind: LedgerKind): Codec<Uint8Array> {
  const { algebra, secret } = kind;
  return {
    mostBytes: ledgerBytes(kind),
    write: (ledger) => ({ fields: {}, body: ledger }),
    read: (_fields, body) => suitableLedger(kind, body),
    merge: (ledgers) => algebra.mergeLedgers(ledgers, secret),
  };
}

/** Distinct keys as an encoded set. */
export function distinctCodec(algebra: Algebra): Codec<Uint8Array> {
  return {
    mostBytes: distinctBytes,
    write: (set) => ({ fields: {}, body: set }),
    read: (_fields, body) => {
      algebra.distinctCount(body);
      return body;
    },
    merge: (sets) => algebra.mergeDistinct(sets),
  };
}

/** Throws unless the bytes say that they are a ledger of this kind; merging checks what comes behind that. */
export function suitableLedger({ algebra, keyType, increment }: LedgerKind, body: Uint8Array): Uint8Array {
  const summary = algebra.ledgerSummary(body);
  if (summary.keyType !== keyType || summary.increment !== increment) {
    throw new Error(
      `its ledger counts ${summary.increment} by ${summary.keyType}, not ${increment} by ${keyType}`,
    );
  }
  return body;
}
