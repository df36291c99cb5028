// Payload of answers about all keys of a counter at once: its ledger, and the set of its distinct keys behind it.

import type { Codec } from "../../overlay/index.js";
import { distinctBytes, type LedgerKind, ledgerBytes, ledgerCodec, suitableLedger } from "./ledgers.js";

export interface Population {
  readonly ledger: Uint8Array;
  /** Read after the ledger: it knows every key that the ledger counted. */
  readonly distinct: Uint8Array;
}

export function populationCodec(kind: LedgerKind): Codec<Population> {
  const { algebra } = kind;
  const ledgers = ledgerCodec(kind);
  return {
    mostBytes: ledgerBytes(kind) + distinctBytes,
    write: ({ ledger, distinct }) => ({ fields: {}, body: Buffer.concat([ledger, distinct]) }),
    read: (_fields, body) => {
      const [ledger, distinct] = parted(body);
      algebra.distinctCount(distinct);
      return { ledger: suitableLedger(kind, ledger), distinct };
    },
    merge: (parts) => ({
      ledger: ledgers.merge(parts.map(({ ledger }) => ledger)),
      distinct: algebra.mergeDistinct(parts.map(({ distinct }) => distinct)),
    }),
  };
}

/** Both begin with their own length, 8 bytes. */
export function parted(body: Uint8Array): readonly [ledger: Uint8Array, rest: Uint8Array] {
  if (body.length < 8) throw new Error("it has no ledger");
  const length = new DataView(body.buffer, body.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(body.length)) throw new Error("its ledger is cut off");
  return [body.subarray(0, Number(length)), body.subarray(Number(length))];
}
