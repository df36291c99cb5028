// The watches of an agent's sketches: which counts are judged each second, whatever has come of it so far.

import { type Request, TallyError } from "../controller-client/messages/index.js";
import type { Sketch } from "./sketch.js";
import { type NewWatch, unwatchRequest, type Watch } from "./watch.js";

/** A watch and what it watches. */
export interface Watched {
  readonly sketch: Sketch;
  readonly watch: Watch;
}

/** By id as controllers name it, by uuid as agents do. */
export interface WatchName {
  readonly watch_id?: number | undefined;
  readonly watch?: string | undefined;
}

/** Of those that controllers set at one agent: each is a question a second to all hosts below. */
export const mostWatches = 32;

/** Remembered so that a child that was away still hears of them. */
const maxEnded = 4096;

/** They are kept with their sketches and end with them. */
export class Watches {
  readonly #sketches: () => readonly Sketch[];
  readonly #ended = new Set<string>();
  #nextId = 0;

  constructor(sketches: () => readonly Sketch[]) {
    this.#sketches = sketches;
  }

  list(): readonly Watched[] {
    return this.#sketches().flatMap((sketch) =>
      [...sketch.watches.values()].map((watch) => ({ sketch, watch })),
    );
  }

  get(uuid: string): Watched | undefined {
    return this.list().find(({ watch }) => watch.uuid === uuid);
  }

  /** Throws not_found. */
  find({ watch_id: id, watch: uuid }: WatchName): Watched {
    const all = this.list();
    const found = all.find(({ watch }) => watch.uuid === uuid || watch.id === id);
    if (found !== undefined) return found;
    const present = all.map(({ watch }) => watch.id).join(", ") || "none; send 'watch' first";
    const message = `this agent has no watch ${id ?? uuid} (it has: ${present})`;
    throw new TallyError("not_found", message, { field: id === undefined ? "watch" : "watch_id" });
  }

  /** Keeps the id asked for (a watch that was kept) unless it is taken. */
  add(sketch: Sketch, { id, ...draft }: NewWatch): Watch {
    const isTaken = id === undefined || this.list().some(({ watch }) => watch.id === id);
    const watch: Watch = { ...draft, id: isTaken ? this.#nextId : id };
    this.#nextId = Math.max(this.#nextId, watch.id + 1);
    this.#ended.delete(watch.uuid);
    sketch.watches.set(watch.uuid, watch);
    return watch;
  }

  remove(uuid: string): void {
    this.get(uuid)?.sketch.watches.delete(uuid);
    this.#ended.add(uuid);
    const [oldest] = this.#ended;
    if (this.#ended.size > maxEnded && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** Those of a sketch are these and no others. */
  replace(sketch: Sketch, watches: readonly NewWatch[]): void {
    sketch.watches.clear();
    for (const watch of watches) this.add(sketch, watch);
  }

  /** What a child must be told of those that were ended. */
  endings(): readonly Request[] {
    return [...this.#ended].map(unwatchRequest);
  }
}
