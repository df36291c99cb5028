// Payload of answers about who owns how many keys: the ledger of the keys, and their spread if one is kept.

import type { Codec } from "../../overlay/index.js";
import { checkedLedger, type LedgerKind } from "./ledgers.js";
import { parted } from "./populations.js";

export interface Contacts {
  readonly ledger: Uint8Array;
  /** Read after the ledger: it knows every key that the ledger counted. */
  readonly spread?: Uint8Array;
}

export function contactsCodec(kind: LedgerKind, by: string): Codec<Contacts> {
  const { algebra, secret } = kind;
  return {
    write: ({ ledger, spread = new Uint8Array() }) => ({ fields: {}, body: Buffer.concat([ledger, spread]) }),
    read: (_fields, body) => {
      const [ledger, spread] = parted(body);
      const checked = checkedLedger(kind, ledger);
      if (spread.length === 0) return { ledger: checked };
      algebra.fanOuts(checked, secret, by, spread);
      return { ledger: checked, spread };
    },
    merge: (a, b) => ({
      ledger: algebra.mergeLedgers([a.ledger, b.ledger], secret),
      ...(a.spread && b.spread ? { spread: algebra.mergeSpreads([a.spread, b.spread], secret) } : {}),
    }),
  };
}
