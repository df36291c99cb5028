// Adding up what became of packets on many hosts.

import type { Loss } from "../controller-client/messages/index.js";

type Sums = Readonly<Record<string, number>>;

/** The loss record of no host at all: the neutral element of addLoss. */
export const noLoss: Loss = {
  complete: true,
  unit: "skb",
  unkeyed_unit: "packets",
  seen: 0,
  counted: 0,
  filtered: 0,
  unkeyed: 0,
  lost: {},
  unparsed: {},
  ignored: {},
  estimated: 0,
  gaps: [],
  offloads: [],
  observation_points: [],
};

/** The sum over the hosts of both; complete only while neither lost a packet. */
export function addLoss(a: Loss, b: Loss): Loss {
  const lost = addSums(a.lost, b.lost);
  return {
    complete: a.complete && b.complete && isNothing(lost),
    unit: a.unit,
    unkeyed_unit: a.unkeyed_unit,
    seen: a.seen + b.seen,
    counted: a.counted + b.counted,
    filtered: a.filtered + b.filtered,
    unkeyed: a.unkeyed + b.unkeyed,
    lost,
    unparsed: addSums(a.unparsed, b.unparsed),
    ignored: addSums(a.ignored, b.ignored),
    estimated: a.estimated + b.estimated,
    gaps: [...a.gaps, ...b.gaps],
    offloads: union(a.offloads, b.offloads),
    observation_points: union(a.observation_points, b.observation_points),
  };
}

/** True when every sum is 0. */
export const isNothing = (sums: Sums): boolean => Object.values(sums).every((sum) => sum === 0);

const union = (a: readonly string[], b: readonly string[]): readonly string[] =>
  [...new Set([...a, ...b])].sort();

function addSums(a: Sums, b: Sums): Sums {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}
