// Payload of heavy hitters: the ledger of all hosts, and the keys that are heavy on some one host.

import type { Codec } from "../../overlay/index.js";
import { type LedgerKind, ledgerBytes, ledgerCodec, suitableLedger } from "./ledgers.js";

export interface Hitters {
  readonly ledger: Uint8Array;
  /** Keys certainly above the threshold of some host. */
  readonly certain: ReadonlySet<string>;
  /** Keys possibly above the threshold of some host, and not certainly so on any. */
  readonly possible: ReadonlySet<string>;
}

/** A key's text with its quotes: two IPv6 addresses, two ports, a protocol. */
const keyBytes = 100;

/** Candidates are keys of `keyType`. The lower the threshold, the more a host can have: one in its share, or nearly. */
export function hittersCodec(kind: LedgerKind, keyType: string, threshold: number): Codec<Hitters> {
  const { algebra } = kind;
  const ledgers = ledgerCodec(kind);
  const keys = (value: unknown) => readKeys(value, (key) => algebra.checkKey(keyType, key) === key);
  return {
    mostBytes: ledgerBytes(kind),
    bytesPerHost: keyBytes * Math.min(kind.capacity, Math.ceil(2 / threshold)),
    write: ({ ledger, certain, possible }) => ({
      fields: { certain: [...certain], possible: [...possible] },
      body: ledger,
    }),
    read: ({ certain, possible }, body) => ({
      ledger: suitableLedger(kind, body),
      certain: keys(certain),
      possible: keys(possible),
    }),
    merge: (parts) => ({
      ledger: ledgers.merge(parts.map(({ ledger }) => ledger)),
      ...union(parts),
    }),
  };
}

function union(parts: readonly Hitters[]): Pick<Hitters, "certain" | "possible"> {
  const certain = new Set(parts.flatMap((part) => [...part.certain]));
  const possible = new Set(parts.flatMap((part) => [...part.possible]).filter((key) => !certain.has(key)));
  return { certain, possible };
}

function readKeys(value: unknown, isKey: (key: string) => boolean): ReadonlySet<string> {
  if (!Array.isArray(value)) throw new Error("its candidates are no list");
  for (const key of value) {
    if (typeof key !== "string" || !isKey(key)) throw new Error("a candidate is no key of this counter");
  }
  return new Set(value);
}
