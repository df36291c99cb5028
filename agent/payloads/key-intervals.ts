// Payload of a second round: the intervals of given keys, and the total that they are parts of, summed over hosts.

import type { Codec } from "../../overlay/index.js";

export interface KeyIntervals {
  /** In the order of the keys asked. */
  readonly lower: BigUint64Array;
  readonly upper: BigUint64Array;
  readonly total: bigint;
}

/** The body: every lower bound, every upper bound, the total; 8 bytes each, little-endian. */
export function keyIntervalsCodec(keys: number): Codec<KeyIntervals> {
  const mostBytes = 8 * (2 * keys + 1);
  return {
    mostBytes,
    write: ({ lower, upper, total }) => ({ fields: {}, body: bytesOf([...lower, ...upper, total]) }),
    read: (_fields, body) => {
      if (body.length !== mostBytes) throw new Error(`it has no intervals of ${keys} keys`);
      const numbers = numbersOf(body);
      const read = {
        lower: numbers.slice(0, keys),
        upper: numbers.slice(keys, -1),
        total: numbers.at(-1) ?? 0n,
      };
      if (read.lower.some((bound, i) => bound > (read.upper[i] ?? 0n)))
        throw new Error("a lower bound exceeds its upper bound");
      return read;
    },
    merge: (parts) => parts.reduce(sum),
  };
}

function sum(a: KeyIntervals, b: KeyIntervals): KeyIntervals {
  return {
    lower: a.lower.map((bound, i) => bound + (b.lower[i] ?? 0n)),
    upper: a.upper.map((bound, i) => bound + (b.upper[i] ?? 0n)),
    total: a.total + b.total,
  };
}

function bytesOf(numbers: readonly bigint[]): Uint8Array {
  const bytes = Buffer.alloc(8 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeBigUInt64LE(number, 8 * i);
  return bytes;
}

function numbersOf(bytes: Uint8Array): BigUint64Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, i) => buffer.readBigUInt64LE(8 * i));
}
