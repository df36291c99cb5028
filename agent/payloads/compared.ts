// Payload of a comparison: the ledgers of two windows, each the sum over the same hosts.

import type { Codec } from "../../overlay/index.js";
import { type Counted, counted } from "./counted.js";
import { type LedgerKind, ledgerBytes, ledgerCodec, suitableLedger } from "./ledgers.js";

export interface Compared {
  readonly ledger: Uint8Array;
  readonly before: Counted<Uint8Array>;
}

/** Both ledgers travel in one body; `split` is where the second begins. */
export function comparedCodec(kind: LedgerKind): Codec<Compared> {
  const one = ledgerCodec(kind);
  const earlier = counted(one);
  return {
    mostBytes: 2 * ledgerBytes(kind),
    write: ({ ledger, before }) => {
      const { value, ...covered } = before;
      return {
        fields: { before: covered, split: ledger.length },
        body: Buffer.concat([ledger, value]),
      };
    },
    read: ({ before, split }, body) => ({
      ledger: suitableLedger(kind, body.subarray(0, splitOf(split, body))),
      before: earlier.read(fieldsOf(before), body.subarray(splitOf(split, body))),
    }),
    merge: (parts) => ({
      ledger: one.merge(parts.map(({ ledger }) => ledger)),
      before: earlier.merge(parts.map(({ before }) => before)),
    }),
  };
}

function splitOf(split: unknown, { length }: Uint8Array): number {
  if (typeof split === "number" && Number.isInteger(split) && split >= 0 && split <= length) return split;
  throw new Error("its body is not split into two");
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return { ...value };
  throw new Error("its second window is no span of time");
}
