// What this agent wants counted: its sketches by id and by uuid, whatever its monitor holds at the moment.

import { type Request, TallyError } from "../controller-client/messages/index.js";
import { type Counter, type NewSketch, newSketch, type Sketch } from "./sketch.js";
import { watchRequest } from "./watch.js";
import { Watches } from "./watches.js";

/** Remembered so that a child that was away still hears of them. */
const maxDeleted = 4096;

export class SketchBook {
  readonly watches = new Watches(() => this.list());
  readonly #sketches = new Map<string, Sketch>();
  readonly #deleted = new Set<string>();
  #nextId = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** The id that the next sketch will get; ids are never used twice while this agent lives. */
  get nextId(): number {
    return this.#nextId;
  }

  list(): readonly Sketch[] {
    return [...this.#sketches.values()];
  }

  get(uuid: string): Sketch | undefined {
    return this.#sketches.get(uuid);
  }

  has(name: SketchName): boolean {
    return this.#lookUp(name) !== undefined;
  }

  /** Throws not_found. */
  find(name: SketchName): Sketch {
    const found = this.#lookUp(name);
    if (found !== undefined) return found;
    const { sketch_id: id, sketch: uuid } = name;
    if (id === undefined)
      throw new TallyError("not_found", `this agent has no sketch ${uuid}`, { field: "sketch" });
    const ids = this.list().filter(({ rule }) => !rule);
    const present =
      ids.length === 0 ? "none; send 'config sketch' first" : ids.map((sketch) => sketch.id).join(", ");
    throw new TallyError("not_found", `this agent has no sketch ${id} (it has: ${present})`, {
      field: "sketch_id",
    });
  }

  #lookUp({ sketch_id: id, sketch: uuid }: SketchName): Sketch | undefined {
    return this.list().find((sketch) => sketch.uuid === uuid || sketch.id === id);
  }

  /** Keeps the id asked for (a sketch found in the monitor) unless it is taken. */
  add({ id, ...rest }: NewSketch): Sketch {
    const taken = id === undefined || this.list().some((sketch) => sketch.id === id);
    const sketch: Sketch = newSketch({ ...rest, id: taken ? this.#nextId : id });
    this.#nextId = Math.max(this.#nextId, sketch.id + 1);
    this.#deleted.delete(sketch.uuid);
    this.#sketches.set(sketch.uuid, sketch);
    return sketch;
  }

  remove(uuid: string): void {
    this.#sketches.delete(uuid);
    this.#deleted.add(uuid);
    const [oldest] = this.#deleted;
    if (this.#deleted.size > maxDeleted && oldest !== undefined) this.#deleted.delete(oldest);
  }

  /** As if it had not been removed. */
  putBack(sketch: Sketch): void {
    this.#deleted.delete(sketch.uuid);
    this.#sketches.set(sketch.uuid, sketch);
  }

  isDeleted(uuid: string): boolean {
    return this.#deleted.has(uuid);
  }

  /** All that a child must be told to count the same; telling it again changes nothing. */
  wanted(): readonly Request[] {
    const endings = [...[...this.#deleted].map(deletion), ...this.watches.endings()];
    return [...endings, ...this.list().flatMap(creation)];
  }

  /** Changes are made one after the other. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** By id as controllers name it, by uuid as agents do. */
export interface SketchName {
  readonly sketch_id?: number | undefined;
  readonly sketch?: string | undefined;
}

const timeout_ms = 1000;

const deletion = (uuid: string): Request => ({ type: "delete sketch", sketch: uuid, timeout_ms });

/** What a child must be told of one sketch. */
export function creation(sketch: Sketch): readonly Request[] {
  const { uuid, secret, filter, tap, label, sizes, rule } = sketch;
  if (rule) return [{ type: "config counter", ...filter, uuid, secret, timeout_ms }];
  const optional = {
    ...(tap === undefined ? {} : { tap }),
    ...(label === undefined ? {} : { label }),
    ...(sizes ? { sizes } : {}),
  };
  const first: Request = { type: "config sketch", ...filter, ...optional, uuid, secret, timeout_ms };
  const counters = [...sketch.counters.values()].map((counter) => counterRequest(sketch, counter));
  return [first, ...counters, ...[...sketch.watches.values()].map((watch) => watchRequest(uuid, watch))];
}

function counterRequest({ uuid }: Sketch, counter: Counter): Request {
  const { keyType, increment, capacity, threshold, distinct, spread } = counter;
  return {
    type: "config sketch counter",
    sketch: uuid,
    counter_key_type: keyType,
    increment,
    capacity,
    hitter_threshold: threshold,
    ...(distinct === undefined ? {} : { distinct }),
    ...(spread === undefined ? {} : { spread: spread.join() }),
    timeout_ms,
  };
}
