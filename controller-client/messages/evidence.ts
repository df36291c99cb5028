// What detailed answers carry besides their value: the time, the hosts and the losses behind it.

import type { Span } from "./windows.js";

/**
 * "all": since the counter was made. "realtime": the last closed second and the current one. "span": the seconds
 * asked for, as far as counters remember them. "test": a test.
 */
export type AnswerWindowKind = "all" | "realtime" | "span" | "test";

/** The time that an answer is about. */
export interface AnswerWindow {
  readonly kind: AnswerWindowKind;
  /** Unix seconds by the clocks of the hosts that answered: the earliest start. */
  readonly from: number;
  /** Unix seconds: the latest end. */
  readonly to: number;
  /** Of a span: what each host that answered covers, when some cover less (they began to count later). */
  readonly common?: Span;
}

export const missingReasons = [
  "timeout",
  "overload",
  "refused",
  "loop",
  "no_sketch",
  "monitor_down",
  "conflict",
  "bad_reply",
  /** On the roster, and below nobody for the moment. */
  "absent",
  "error",
] as const;

export type MissingReason = (typeof missingReasons)[number];

export interface MissingHost {
  /** The agent's name. */
  readonly host: string;
  readonly reason: MissingReason;
  readonly message?: string;
  /** When it last answered: ISO 8601, UTC. */
  readonly last_seen?: string;
}

/** A host whose clock differs from that of the agent asked by more than 100 ms, certainly. */
export interface ClockOff {
  readonly host: string;
  /** How far it is ahead, in milliseconds; negative: behind. */
  readonly ms: number;
  /** `ms` is that much off at most: half of what the messages were under way. */
  readonly error_ms: number;
}

/** A host that answered, and whose configuration is not yet the one wanted of it. */
export interface HostBehind {
  readonly host: string;
  /** How many changes it is behind, at most; absent when nobody counts them (a tree made by hand). */
  readonly revisions?: number;
}

/** Which hosts an answer holds. */
export interface Coverage {
  /** How many hosts should be in it. */
  readonly expected: number;
  /** Names of the agents whose hosts are in it. */
  readonly answered: readonly string[];
  readonly missing: readonly MissingHost[];
  /** True when nobody is missing. */
  readonly complete: boolean;
  /** Whose seconds are not those of the others; absent when nobody's. */
  readonly clock_off?: readonly ClockOff[];
  /** Whose configuration lags; what this answer asks for they have. Absent when nobody's. */
  readonly revision_behind?: readonly HostBehind[];
}

/** A time in which the tap of a host was not there, in unix seconds: nobody knows how many packets passed. */
export interface Gap {
  /** The agent's name. */
  readonly host: string;
  readonly from: number;
  /** Absent while it goes on. */
  readonly to?: number;
  /** "restarted": another monitor counts now; "hung", "flushed", "locked": see the nfqueue tap in README.md; "untapped": a network namespace was there and not read yet. */
  readonly reason: string;
  /** Of the packets of one network namespace only, by its label; all: of any but the monitor's own. */
  readonly netns?: string;
}

/** What became of the packets that the taps were offered, summed over the hosts that answered. */
export interface Loss {
  /** False whenever a packet was lost uncounted, could not be read (truncated, malformed), or a tap was not there. */
  readonly complete: boolean;
  /**
   * What all numbers but `unkeyed` count: socket buffers, of which a super-packet is one (of a capture file: its packets).
   * seen = counted + filtered + the sums of lost, unparsed and ignored.
   */
  readonly unit: "skb";
  /** What `unkeyed` counts: packets as on the wire, as the counters do. */
  readonly unkeyed_unit: "packets";
  readonly seen: number;
  /** Counted by the sketch asked about, or by any when the answer is about none. */
  readonly counted: number;
  /** Read, and not counted by it, or by none: what its filter leaves out, and what came before it was made. */
  readonly filtered: number;
  /** Counted, but without the parts that the key needs (a port key and a ping). */
  readonly unkeyed: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly unparsed: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
  /** Super-packets whose packets on the wire are a guess, by the MTU of their device. */
  readonly estimated: number;
  readonly gaps: readonly Gap[];
  /** Offloads in force on any device: "gro", "gso", "lro", "tso". */
  readonly offloads: readonly string[];
  /** Where the taps see packets. */
  readonly observation_points: readonly string[];
}

/** What every detailed answer carries. */
export interface Evidence {
  readonly window: AnswerWindow;
  readonly coverage: Coverage;
  readonly loss: Loss;
}
