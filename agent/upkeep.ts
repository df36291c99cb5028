// Keeps the monitor at what the agent's book says: adopts what it finds there after the agent was restarted, adds
// everything anew after the monitor was, and removes what was deleted while it was away.

import { isDeepStrictEqual } from "node:util";
import { type Gap, TallyError } from "../controller-client/messages/index.js";
import type { Hello, Monitor, SketchRecord } from "../monitor/client.js";
import { addCounters, addWatches, counterNote, sketchNote, sketchOf } from "./monitor-notes.js";
import { type Counter, type Sketch, specOf } from "./sketch.js";
import type { SketchBook } from "./sketch-book.js";

export interface UpkeepOptions {
  readonly monitor: Monitor;
  readonly book: SketchBook;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told of sketches that count from zero again. */
  readonly onRestart?: (sketches: number) => void;
}

const maxRestarts = 32;

/** A sketch this young was not there before. */
const justNowSeconds = 1;

export class Upkeep {
  readonly #options: UpkeepOptions;
  #instance: string | undefined;
  #stale = true;
  #heard = 0;
  #problem: unknown;
  #restarts: readonly Omit<Gap, "host">[] = [];

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** False until the monitor was asked once: until then it may hold sketches that the book does not know. */
  get hasLooked(): boolean {
    return this.#instance !== undefined;
  }

  /** Which monitor it is, once it was asked. */
  get instance(): string | undefined {
    return this.#instance;
  }

  /** What kept the monitor from answering when it was asked last. */
  get problem(): unknown {
    return this.#problem;
  }

  /** When the monitor was another one than before: from its last answer until it counted again. The newest ones. */
  get restarts(): readonly Omit<Gap, "host">[] {
    return this.#restarts;
  }

  /** Makes the next look a thorough one. */
  markStale(): void {
    this.#stale = true;
  }

  /** Looks whether the monitor is another one than before, and if so brings it up to date. Rejects with TallyError. */
  async sync(deadlineMs: number): Promise<void> {
    const { book } = this.#options;
    // Not in turn: a monitor that hangs must not hold up changes longer than their own time allows.
    const { instance, resumed = false } = await this.#greet(deadlineMs);
    const heard = this.#heard;
    const isNew = instance !== this.#instance;
    if (!isNew) this.#heard = this.#seconds();
    if (!isNew && !this.#stale) return;
    const lost = await book.inTurn(() => this.#bringUp(instance, deadlineMs));
    this.#heard = this.#seconds();
    // One that goes on from a checkpoint tells the gap itself, but of sketches that came after it.
    if (isNew && heard > 0 && (!resumed || lost > 0)) this.#noteRestart(heard);
  }

  /** While it serves another agent, that one may change what it holds. */
  async #greet(deadlineMs: number): Promise<Hello> {
    try {
      const hello = await this.#options.monitor.hello(deadlineMs);
      this.#problem = undefined;
      return hello;
    } catch (error) {
      this.#problem = error;
      if (error instanceof TallyError && error.code === "conflict") this.#stale = true;
      throw error;
    }
  }

  #noteRestart(from: number): void {
    this.#restarts = [...this.#restarts, { from, to: this.#seconds(), reason: "restarted" }].slice(
      -maxRestarts,
    );
  }

  /** Puts a sketch with its counters into the monitor, where it may be already. Rejects with TallyError; the sketch then tells why. */
  async place(sketch: Sketch, deadlineMs: number): Promise<void> {
    const { monitor } = this.#options;
    const { uuid, secret, filter, sizes, tap } = sketch;
    const optional = { ...(sizes ? { sizes } : {}), ...(tap === undefined ? {} : { tap }) };
    try {
      const draft = { uuid, secret, filter, meta: sketchNote(sketch), ...optional };
      const { added } = await monitor.addSketch(draft, deadlineMs);
      if (added) await this.#beginNow(sketch, deadlineMs);
      for (const counter of sketch.counters.values()) await this.#placeCounter(sketch, counter, deadlineMs);
      delete sketch.problem;
    } catch (error) {
      sketch.problem = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** Keeps the sketch's watches beside it in the monitor. Never rejects: if it does not answer, that is done later. */
  async note(sketch: Sketch, deadlineMs: number): Promise<void> {
    await this.#options.monitor
      .setMeta(sketch.uuid, sketchNote(sketch), deadlineMs)
      .catch(() => this.markStale());
  }

  async #placeCounter({ uuid }: Sketch, counter: Counter, deadlineMs: number): Promise<void> {
    const draft = { uuid, spec: specOf(counter), meta: counterNote(counter) };
    await this.#options.monitor.addCounter(draft, deadlineMs);
  }

  /** How many sketches the monitor had lost. */
  async #bringUp(instance: string, deadlineMs: number): Promise<number> {
    this.#stale = false;
    try {
      const lost = await this.#align(await this.#options.monitor.sketches(deadlineMs), deadlineMs);
      this.#instance = instance;
      return lost;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  async #align(records: readonly SketchRecord[], deadlineMs: number): Promise<number> {
    const { book, monitor } = this.#options;
    for (const record of records) {
      if (book.isDeleted(record.uuid)) await monitor.removeSketch(record.uuid, deadlineMs);
      else await this.#reconcile(record, deadlineMs);
    }
    return this.#restore(new Map(records.map((record) => [record.uuid, record])), deadlineMs);
  }

  async #reconcile(record: SketchRecord, deadlineMs: number): Promise<void> {
    const known = this.#options.book.get(record.uuid);
    if (known === undefined) this.#adopt(record);
    else if (!isDeepStrictEqual(sketchNote(known).watches, record.meta.watches))
      await this.#options.monitor.setMeta(known.uuid, sketchNote(known), deadlineMs);
  }

  #adopt(record: SketchRecord): void {
    const now = this.#seconds();
    const { book } = this.#options;
    const sketch = book.add(sketchOf(record, now));
    addCounters(sketch, record, now);
    addWatches(book, sketch, record);
  }

  async #restore(present: ReadonlyMap<string, SketchRecord>, deadlineMs: number): Promise<number> {
    const lacking = this.#options.book.list().filter((sketch) => !isWhole(sketch, present.get(sketch.uuid)));
    const lost = lacking.filter(({ problem }) => problem === undefined).length;
    for (const sketch of lacking) {
      this.#beginLacking(sketch, present.get(sketch.uuid));
      // One that this host refuses (no such device) must not keep the others out; its reason is kept beside it.
      await this.place(sketch, deadlineMs).catch(() => undefined);
    }
    if (lacking.length > 0) this.#options.onRestart?.(lacking.length);
    return lost;
  }

  // Counters that the monitor lost count from zero again, and say so by their window.
  #beginLacking(sketch: Sketch, record: SketchRecord | undefined): void {
    const kept = new Set(record?.counters.map(({ spec }) => spec.keyType));
    for (const counter of sketch.counters.values()) {
      if (!kept.has(counter.keyType)) counter.since = this.#seconds();
    }
  }

  async #beginNow(sketch: Sketch, deadlineMs: number): Promise<void> {
    const now = this.#seconds();
    if (now - sketch.since < justNowSeconds) return;
    sketch.since = now;
    for (const counter of sketch.counters.values()) counter.since = now;
    await this.#options.monitor.setMeta(sketch.uuid, sketchNote(sketch), deadlineMs);
  }

  #seconds(): number {
    return this.#options.now() / 1000;
  }
}

function isWhole(sketch: Sketch, record: SketchRecord | undefined): boolean {
  if (record === undefined) return false;
  const held = new Set(record.counters.map(({ spec }) => spec.keyType));
  return [...sketch.counters.keys()].every((keyType) => held.has(keyType));
}
