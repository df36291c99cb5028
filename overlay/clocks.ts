// Clocks of the hosts below, compared as NTP does (RFC 5905, section 8): by the times at which a question left and its
// answer came, on both clocks. What the two ways took cancels out but for half of their difference.

import type { ClockOff } from "../controller-client/messages/index.js";

/** When an agent received a question and answered it, milliseconds since 1970 by its own clock. */
export interface Clock {
  readonly received: number;
  readonly sent: number;
}

/** Clocks are read in whole milliseconds: two readings may be that much off together. */
const readingMs = 1;

/** Larger differences put packets into other seconds often enough to be told. */
const tolerableMs = 100;

/** How far the clock of `host` is ahead of ours, which showed `asked` and `heard`. */
export function compareClocks(host: string, asked: number, heard: number, theirs: Clock): ClockOff {
  const ms = (theirs.received - asked + (theirs.sent - heard)) / 2;
  const underway = heard - asked - (theirs.sent - theirs.received);
  return { host, ms, error_ms: Math.max(0, underway / 2) + readingMs };
}

/** The clocks below a child by ours: its own, and those that it compared with its own. */
export function clocksBelow(child: ClockOff, below: readonly ClockOff[]): readonly ClockOff[] {
  const through = ({ host, ms, error_ms }: ClockOff): ClockOff => ({
    host,
    ms: ms + child.ms,
    error_ms: error_ms + child.error_ms,
  });
  return [child, ...below.map(through)];
}

/** Those that are certainly off by more than is tolerable. */
export const clocksOff = (clocks: readonly ClockOff[]): readonly ClockOff[] =>
  clocks.filter(({ ms, error_ms }) => Math.abs(ms) - error_ms > tolerableMs).map(rounded);

const rounded = ({ host, ms, error_ms }: ClockOff): ClockOff => ({
  host,
  ms: Math.round(ms),
  error_ms: Math.ceil(error_ms),
});
