// Payloads that are encoded ledgers or sets of distinct keys, checked one by one so that a bad one harms no other.

import type { Codec } from "../../overlay/index.js";
import type { Algebra } from "../algebra.js";

/** What every ledger of one answer has in common. */
export interface LedgerKind {
  readonly algebra: Algebra;
  readonly keyType: string;
  readonly increment: "pkt" | "bytes";
  /** 16 bytes. */
  readonly secret: Uint8Array;
}

/** Keyed counts as an encoded ledger. */
export function ledgerCodec(kind: LedgerKind): Codec<Uint8Array> {
  const { algebra, secret } = kind;
  return {
    write: (ledger) => ({ fields: {}, body: ledger }),
    read: (_fields, body) => checkedLedger(kind, body),
    merge: (a, b) => algebra.mergeLedgers([a, b], secret),
  };
}

/** Distinct keys as an encoded set. */
export function distinctCodec(algebra: Algebra): Codec<Uint8Array> {
  return {
    write: (set) => ({ fields: {}, body: set }),
    read: (_fields, body) => {
      algebra.distinctCount(body);
      return body;
    },
    merge: (a, b) => algebra.mergeDistinct([a, b]),
  };
}

/** Throws unless the bytes are a ledger of this kind: merging it alone checks all of it, its secret too. */
export function checkedLedger(
  { algebra, keyType, increment, secret }: LedgerKind,
  body: Uint8Array,
): Uint8Array {
  const summary = algebra.ledgerSummary(body);
  if (summary.keyType !== keyType || summary.increment !== increment) {
    throw new Error(
      `its ledger counts ${summary.increment} by ${summary.keyType}, not ${increment} by ${keyType}`,
    );
  }
  return algebra.mergeLedgers([body], secret);
}
