// Clocks of the hosts below, compared as NTP does (RFC 5905, section 8): by the times at which a question left and its
// answer came, on both clocks. What the two ways took cancels out but for half of their difference.

import type { ClockOff } from "../controller-client/messages/index.js";

/** When an agent received a question and answered it, milliseconds since 1970 by its own clock. */
export interface Clock {
  readonly received: number;
  readonly sent: number;
}

/** The clocks of a subtree by one of its agents: those that stand out, and how far off all others are at most. */
export interface Clocks {
  readonly apart: readonly ClockOff[];
  readonly within_ms: number;
}

/** Clocks are read in whole milliseconds: two readings may be that much off together. */
const readingMs = 1;

/** Larger differences put packets into other seconds often enough to be told. */
const tolerableMs = 100;

/** Smaller ones are not told one by one: two of them add up to less than what is tolerable. */
const notableMs = tolerableMs / 2;

export const noClocks: Clocks = { apart: [], within_ms: 0 };

/** How far the clock of `host` is ahead of ours, which showed `asked` and `heard`. */
export function compareClocks(host: string, asked: number, heard: number, theirs: Clock): ClockOff {
  const ms = (theirs.received - asked + (theirs.sent - heard)) / 2;
  const underway = heard - asked - (theirs.sent - theirs.received);
  return { host, ms, error_ms: Math.max(0, underway / 2) + readingMs };
}

/** The clocks of `hosts`, a child and those below it, by ours: `child` is the child's by ours, `below` theirs by its. */
export function clocksBelow(child: ClockOff, below: Clocks, hosts: readonly string[]): Clocks {
  const told = new Map([[child.host, child]]);
  for (const { host, ms, error_ms } of below.apart) {
    told.set(host, { host, ms: ms + child.ms, error_ms: error_ms + child.error_ms });
  }
  const rest = { ms: child.ms, error_ms: child.error_ms + below.within_ms };
  const clocks = hosts.map((host) => told.get(host) ?? { host, ...rest });
  const apart = clocks.filter((clock) => isBeyond(clock, notableMs));
  const others = clocks.filter((clock) => !isBeyond(clock, notableMs));
  return {
    apart,
    within_ms: others.reduce((most, { ms, error_ms }) => Math.max(most, Math.abs(ms) + error_ms), 0),
  };
}

/** Those of disjoint sets of hosts, all by the same clock. */
export function addClocks(a: Clocks, b: Clocks): Clocks {
  return { apart: [...a.apart, ...b.apart], within_ms: Math.max(a.within_ms, b.within_ms) };
}

/** Those that are certainly off by more than is tolerable. */
export const clocksOff = ({ apart }: Clocks): readonly ClockOff[] =>
  apart.filter((clock) => isBeyond(clock, tolerableMs)).map(rounded);

const isBeyond = ({ ms, error_ms }: Pick<ClockOff, "ms" | "error_ms">, limitMs: number): boolean =>
  Math.abs(ms) - error_ms > limitMs;

const rounded = ({ host, ms, error_ms }: ClockOff): ClockOff => ({
  host,
  ms: Math.round(ms),
  error_ms: Math.ceil(error_ms),
});
