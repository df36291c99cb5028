// The agent's side of the monitor's socket, and the interface that an agent needs of a monitor.

import type { Frame } from "../controller-client/messages/index.js";
import type { Counted, Interval, SketchTotals, Span } from "../native/index.js";
import { Connection, type Introduction } from "./connection.js";
import {
  type Answers,
  defaultSocket,
  type Fields,
  type Hello,
  type Meta,
  type MonitorStats,
  type Operation,
  type SketchRecord,
} from "./protocol.js";

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
export { defaultSocket, differingField } from "./protocol.js";

export type NewSketch = Fields<"add sketch">;
export type NewCounter = Fields<"add counter">;
/** Names one counter and the window: "all", "realtime" for the last closed second and this one, or a span of seconds. */
export type LedgerQuery = Fields<"ledger">;
export type IntervalQuery = Fields<"interval">;
/** Names one sketch and the window. */
export type SizesQuery = Fields<"sizes">;
export type SpreadQuery = Fields<"spread">;

/**
 * What an agent asks of its monitor. `deadlineMs` is the time left for this one call.
 * Every method rejects with a TallyError: `monitor_down` when nobody answers at the socket, `timeout` at the deadline,
 * `conflict` while the monitor serves another agent, `tap` once the tap has failed for good, else the code named below with the field at fault.
 */
export interface Monitor {
  hello(deadlineMs: number): Promise<Hello>;
  /** Idempotent by uuid: `added` is false when it was there (its meta stays). `bad_request` (device, tap, src...), `conflict` for another filter, `too_large` field sizes. */
  addSketch(sketch: NewSketch, deadlineMs: number): Promise<{ readonly added: boolean }>;
  /** Idempotent by key type (the newest meta stays). `too_large` field capacity, with the bytes needed; `bad_request`; `conflict`; `not_found`. */
  addCounter(counter: NewCounter, deadlineMs: number): Promise<{ readonly added: boolean }>;
  /** Replaces what is kept beside a sketch. `not_found`. */
  setMeta(uuid: string, meta: Meta, deadlineMs: number): Promise<void>;
  /** Idempotent: an unknown uuid is no error. */
  removeSketch(uuid: string, deadlineMs: number): Promise<void>;
  sketches(deadlineMs: number): Promise<readonly SketchRecord[]>;
  /** The encoded ledger of one counter, for mergeLedgers and the like. `not_found`. */
  ledger(query: LedgerQuery, deadlineMs: number): Promise<Counted<Uint8Array>>;
  /** The encoded set of distinct keys of one counter. `not_found`. */
  distinct(query: LedgerQuery, deadlineMs: number): Promise<Counted<Uint8Array>>;
  /** The encoded spread of one counter, by a key type that it keeps one for. `not_found`. */
  spread(query: SpreadQuery, deadlineMs: number): Promise<Counted<Uint8Array>>;
  /** The encoded histogram of a sketch's packet sizes. `not_found`, also when it keeps none. */
  sizes(query: SizesQuery, deadlineMs: number): Promise<Counted<Uint8Array>>;
  /** The count of one key. `not_found`, or `bad_request` field key. */
  interval(query: IntervalQuery, deadlineMs: number): Promise<Counted<Interval>>;
  /** Packets and IP bytes that matched the sketch's filter. `not_found`. */
  totals(uuid: string, deadlineMs: number): Promise<SketchTotals>;
  stats(deadlineMs: number): Promise<MonitorStats>;
}

/** What carries requests to a monitor. */
export type MonitorLink = Pick<Connection, "ask" | "close">;

/** A monitor at a unix socket: connects when first asked, and anew whenever the connection is lost. */
export class MonitorClient implements Monitor {
  readonly #connection: MonitorLink;

  /** `place`: the socket's path, or a monitor in this process. `introduction`: an agent's; a monitor serves one. */
  constructor(place: string | MonitorLink = defaultSocket, introduction?: Introduction) {
    this.#connection = typeof place === "string" ? new Connection(place, introduction) : place;
  }

  async hello(deadlineMs: number): Promise<Hello> {
    return (await this.#ask("hello", {}, deadlineMs)).head;
  }

  async addSketch(sketch: NewSketch, deadlineMs: number): Promise<{ readonly added: boolean }> {
    return (await this.#ask("add sketch", sketch, deadlineMs)).head;
  }

  async addCounter(counter: NewCounter, deadlineMs: number): Promise<{ readonly added: boolean }> {
    return (await this.#ask("add counter", counter, deadlineMs)).head;
  }

  async setMeta(uuid: string, meta: Meta, deadlineMs: number): Promise<void> {
    await this.#ask("set meta", { uuid, meta }, deadlineMs);
  }

  async removeSketch(uuid: string, deadlineMs: number): Promise<void> {
    await this.#ask("remove sketch", { uuid }, deadlineMs);
  }

  async sketches(deadlineMs: number): Promise<readonly SketchRecord[]> {
    return (await this.#ask("sketches", {}, deadlineMs)).head.sketches;
  }

  async ledger(query: LedgerQuery, deadlineMs: number): Promise<Counted<Uint8Array>> {
    return countedBody(await this.#ask("ledger", query, deadlineMs));
  }

  async distinct(query: LedgerQuery, deadlineMs: number): Promise<Counted<Uint8Array>> {
    return countedBody(await this.#ask("distinct", query, deadlineMs));
  }

  async spread(query: SpreadQuery, deadlineMs: number): Promise<Counted<Uint8Array>> {
    return countedBody(await this.#ask("spread", query, deadlineMs));
  }

  async sizes(query: SizesQuery, deadlineMs: number): Promise<Counted<Uint8Array>> {
    return countedBody(await this.#ask("sizes", query, deadlineMs));
  }

  async interval(query: IntervalQuery, deadlineMs: number): Promise<Counted<Interval>> {
    const { from, to, lower, upper } = (await this.#ask("interval", query, deadlineMs)).head;
    return { from, to, value: { lower: BigInt(lower), upper: BigInt(upper) } };
  }

  async totals(uuid: string, deadlineMs: number): Promise<SketchTotals> {
    const { packets, bytes, buffers } = (await this.#ask("totals", { uuid }, deadlineMs)).head;
    return { packets: BigInt(packets), bytes: BigInt(bytes), buffers: BigInt(buffers) };
  }

  async stats(deadlineMs: number): Promise<MonitorStats> {
    return (await this.#ask("stats", {}, deadlineMs)).head;
  }

  /** Cuts the connection; calls under way reject with `monitor_down`. A later call connects again. */
  close(): void {
    this.#connection.close();
  }

  #ask<O extends Operation>(op: O, fields: Fields<O>, deadlineMs: number): Promise<Frame<Answers[O]>> {
    return this.#connection.ask(op, fields, deadlineMs) as Promise<Frame<Answers[O]>>;
  }
}

const countedBody = ({ head: { from, to }, body }: Frame<Span>): Counted<Uint8Array> => ({
  from,
  to,
  value: body,
});
