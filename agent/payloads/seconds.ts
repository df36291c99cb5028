// Payload of answers about the course of time: the ledger of each second that has any, added second by second.

import type { Codec } from "../../overlay/index.js";
import { type LedgerKind, suitableLedger } from "./ledgers.js";
import { parted } from "./populations.js";

/** Encoded ledgers by unix second. */
export type Seconds = ReadonlyMap<number, Uint8Array>;

export function secondsCodec(kind: LedgerKind): Codec<Seconds> {
  const { algebra, secret } = kind;
  return {
    write: (seconds) => ({
      fields: { seconds: [...seconds.keys()] },
      body: Buffer.concat([...seconds.values()]),
    }),
    read: ({ seconds }, body) => new Map(ledgersOf(kind, timesOf(seconds), body)),
    merge: (parts) => {
      const all = new Map<number, Uint8Array[]>();
      for (const [second, ledger] of parts.flatMap((part) => [...part]))
        all.set(second, [...(all.get(second) ?? []), ledger]);
      return new Map([...all].map(([second, ledgers]) => [second, algebra.mergeLedgers(ledgers, secret)]));
    },
  };
}

function* ledgersOf(
  kind: LedgerKind,
  seconds: readonly number[],
  body: Uint8Array,
): Iterable<readonly [number, Uint8Array]> {
  let rest = body;
  for (const second of seconds) {
    const [ledger, behind] = parted(rest);
    yield [second, suitableLedger(kind, ledger)];
    rest = behind;
  }
  if (rest.length > 0) throw new Error("it has more ledgers than seconds");
}

const mostSeconds = 60;

function timesOf(value: unknown): readonly number[] {
  const times = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  if (times === undefined || times.length > mostSeconds || !times.every(isTime)) {
    throw new Error("its seconds are no list of times");
  }
  return times;
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
