// The span of time that a count covers, beside every count: the sum covers all of the spans of its parts.

import type { Codec } from "../../overlay/index.js";

/** A value counted from `from` to `to`, unix seconds. */
export interface Counted<V> {
  readonly from: number;
  readonly to: number;
  readonly value: V;
}

/** Lets a payload carry its span. */
export function counted<V>(codec: Codec<V>): Codec<Counted<V>> {
  return {
    write: ({ from, to, value }) => {
      const { fields, body } = codec.write(value);
      return { fields: { ...fields, from, to }, ...(body === undefined ? {} : { body }) };
    },
    read: (fields, body) => {
      const { from, to, ...rest } = fields;
      if (!isTime(from) || !isTime(to) || from > to) throw new Error("its window is no span of time");
      return { from, to, value: codec.read(rest, body) };
    },
    merge: (a, b) => ({
      from: Math.min(a.from, b.from),
      to: Math.max(a.to, b.to),
      value: codec.merge(a.value, b.value),
    }),
  };
}

const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < 1e11;
