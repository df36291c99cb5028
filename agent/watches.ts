// The watches of an agent's sketches: which counts are judged each second, whatever has come of it so far.

import {
  type Request,
  type RequestOf,
  TallyError,
  type WatchInfo,
} from "../controller-client/messages/index.js";
import type { Sketch } from "./sketch-book.js";

/** Beyond it is what exceeds `above`, or does not reach `below`. */
export type Limit = { readonly above: number } | { readonly below: number };

export interface Watch {
  /** This agent's number for it. */
  readonly id: number;
  /** Its name between agents. */
  readonly uuid: string;
  readonly keyType: string;
  /** A key, key_num or total; absent: any key. */
  readonly key?: string;
  readonly limit: Limit;
  /** Length of the window. */
  readonly seconds: number;
  readonly scope: "subtree" | "host";
  readonly groupBy?: string;
  readonly sendTo?: string;
  readonly label?: string;
  /** True when the agent above wants it: that one judges sums, and decides when it ends. */
  inherited?: boolean;
}

export type NewWatch = Omit<Watch, "id"> & { readonly id?: number };

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

/** What a message asks for, under a name between agents. */
export function watchOf(request: RequestOf<"watch">, uuid: string): NewWatch {
  const { counter_key_type: keyType, counter_key: key, above, below, window, scope } = request;
  const { group_by: groupBy, send_to: sendTo, label } = request;
  return {
    uuid,
    keyType,
    limit: below === undefined ? { above: above ?? 0 } : { below },
    seconds: window.last,
    scope,
    ...(key === undefined ? {} : { key }),
    ...(groupBy === undefined ? {} : { groupBy }),
    ...(sendTo === undefined ? {} : { sendTo }),
    ...(label === undefined ? {} : { label }),
  };
}

/** The watch in the words of its message. */
export function watchInfo({ id, uuid, ...watch }: Watch, detail: boolean): WatchInfo {
  return { watch_id: id, ...termsOf(watch), ...(detail ? { watch: uuid } : {}) };
}

const timeout_ms = 1000;

/** What a child must be told of it. */
export const watchRequest = (sketch: string, { uuid, ...watch }: NewWatch): Request => ({
  type: "watch",
  sketch,
  watch: uuid,
  ...termsOf(watch),
  timeout_ms,
});

export const unwatchRequest = (watch: string): Request => ({ type: "unwatch", watch, timeout_ms });

function termsOf(watch: Omit<NewWatch, "uuid">) {
  const { keyType, key, limit, seconds, scope, groupBy, sendTo, label } = watch;
  return {
    counter_key_type: keyType,
    ...(key === undefined ? {} : { counter_key: key }),
    ...limit,
    window: { last: seconds },
    scope,
    ...(groupBy === undefined ? {} : { group_by: groupBy }),
    ...(sendTo === undefined ? {} : { send_to: sendTo }),
    ...(label === undefined ? {} : { label }),
  };
}
