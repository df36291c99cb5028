// The span of time that a count covers, beside every count: the sum covers all of the spans of its parts.

import type { Span } from "../../controller-client/messages/index.js";
import type { Codec } from "../../overlay/index.js";

/** A value counted from `from` to `to`, unix seconds: the earliest start and the latest end of its parts. */
export interface Counted<V> extends Span {
  readonly value: V;
  /** What every part covers, when that is less. */
  readonly common?: Span;
}

/** Lets a payload carry its span. */
export function counted<V>(codec: Codec<V>): Codec<Counted<V>> {
  return {
    mostBytes: codec.mostBytes ?? 0,
    bytesPerHost: codec.bytesPerHost ?? 0,
    write: ({ value, ...covered }) => {
      const { fields, body } = codec.write(value);
      return { fields: { ...fields, ...covered }, ...(body === undefined ? {} : { body }) };
    },
    read: ({ from, to, common, ...rest }, body) => {
      const own = common === undefined ? {} : { common: spanOf(common) };
      return { ...spanOf({ from, to }), ...own, value: codec.read(rest, body) };
    },
    merge: (parts) => ({
      ...parts.map((part): Covered => part).reduce(covering),
      value: codec.merge(parts.map(({ value }) => value)),
    }),
  };
}

type Covered = Omit<Counted<unknown>, "value">;

function covering(a: Covered, b: Covered): Covered {
  const whole = { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
  const [one, other] = [a.common ?? a, b.common ?? b];
  const from = Math.max(one.from, other.from);
  const common = { from, to: Math.max(from, Math.min(one.to, other.to)) };
  return common.from === whole.from && common.to === whole.to ? whole : { ...whole, common };
}

function spanOf(value: unknown): Span {
  const { from, to } = (value ?? {}) as { readonly from?: unknown; readonly to?: unknown };
  if (!isTime(from) || !isTime(to) || from > to) throw new Error("its window is no span of time");
  return { from, to };
}

const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < 1e11;
