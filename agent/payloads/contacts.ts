// Payload of answers about who owns how many keys: the ledger of the keys, and their spread if one is kept.

import type { Codec } from "../../overlay/index.js";
import { type LedgerKind, ledgerCodec, suitableLedger } from "./ledgers.js";
import { parted } from "./populations.js";

export interface Contacts {
  readonly ledger: Uint8Array;
  /** Read after the ledger: it knows every key that the ledger counted. */
  readonly spread?: Uint8Array;
}

export function contactsCodec(kind: LedgerKind, by: string): Codec<Contacts> {
  const { algebra, secret } = kind;
  const ledgers = ledgerCodec(kind);
  return {
    write: ({ ledger, spread = new Uint8Array() }) => ({ fields: {}, body: Buffer.concat([ledger, spread]) }),
    read: (_fields, body) => {
      const [ledger, spread] = parted(body);
      suitableLedger(kind, ledger);
      if (spread.length === 0) return { ledger };
      algebra.fanOuts(ledger, secret, by, spread);
      return { ledger, spread };
    },
    merge: (parts) => {
      const spreads = parts.flatMap(({ spread }) => (spread === undefined ? [] : [spread]));
      const all = spreads.length === parts.length;
      return {
        ledger: ledgers.merge(parts.map(({ ledger }) => ledger)),
        ...(all ? { spread: algebra.mergeSpreads(spreads, secret) } : {}),
      };
    },
  };
}
