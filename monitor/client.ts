// The agent's side of the monitor's socket, and the interface that an agent needs of a monitor.

import type { Interval, Totals } from "../native/index.js";
import type { Fields, Hello, Meta, MonitorStats, SketchRecord } from "./protocol.js";

export type {
  CounterRecord,
  Hello,
  MemoryState,
  Meta,
  MonitorStats,
  SketchFilter,
  SketchRecord,
  TapKind,
  TapState,
} from "./protocol.js";
export { defaultSocket } from "./protocol.js";

export type NewSketch = Fields<"add sketch">;
export type NewCounter = Fields<"add counter">;
/** Names one counter and how far back to look: "all", or "realtime" for the last closed second and this one. */
export type LedgerQuery = Fields<"ledger">;
export type IntervalQuery = Fields<"interval">;

/**
 * What an agent asks of its monitor. `deadlineMs` is the time left for this one call.
 * Every method rejects with a TallyError: `monitor_down` when nobody answers at the socket, `timeout` at the deadline,
 * `tap` once the tap has failed for good, else the code named below with the field at fault.
 */
export interface Monitor {
  hello(deadlineMs: number): Promise<Hello>;
  /** Idempotent by uuid: `added` is false when it was there (its meta stays). `bad_request` (device, tap, src...), `conflict` for another filter. */
  addSketch(sketch: NewSketch, deadlineMs: number): Promise<{ readonly added: boolean }>;
  /** Idempotent by key type (the newest meta stays). `too_large` field capacity, with the bytes needed; `bad_request`; `conflict`; `not_found`. */
  addCounter(counter: NewCounter, deadlineMs: number): Promise<{ readonly added: boolean }>;
  /** Replaces what is kept beside a sketch. `not_found`. */
  setMeta(uuid: string, meta: Meta, deadlineMs: number): Promise<void>;
  /** Idempotent: an unknown uuid is no error. */
  removeSketch(uuid: string, deadlineMs: number): Promise<void>;
  sketches(deadlineMs: number): Promise<readonly SketchRecord[]>;
  /** The encoded ledger of one counter, for mergeLedgers and the like. `not_found`. */
  ledger(query: LedgerQuery, deadlineMs: number): Promise<Uint8Array>;
  /** The encoded set of distinct keys of one counter. `not_found`. */
  distinct(query: LedgerQuery, deadlineMs: number): Promise<Uint8Array>;
  /** The count of one key. `not_found`, or `bad_request` field key. */
  interval(query: IntervalQuery, deadlineMs: number): Promise<Interval>;
  /** Packets and IP bytes that matched the sketch's filter. `not_found`. */
  totals(uuid: string, deadlineMs: number): Promise<Totals>;
  stats(deadlineMs: number): Promise<MonitorStats>;
}
