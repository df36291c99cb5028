// What this host counts: sketches by uuid with their counters, as asked for by the agent and as held by the tap.

import { TallyError } from "../controller-client/messages/index.js";
import type { CounterSpec, Filter, NetnsChoice } from "../native/index.js";
import { type Capture, fromNative } from "./capture.js";
import type { KeptSketch } from "./checkpoint-form.js";
import { checkKeyType, sameFilter, toFilter } from "./filter.js";
import type { MemoryBudget } from "./memory.js";
import { type CounterRecord, differingField, type Fields, type Meta, type SketchRecord } from "./protocol.js";

/** Each sketch is looked at for each packet, so their number is bounded. */
export const maxSketches = 256;

interface Price {
  readonly bytes: number;
  /** What to ask for less of. */
  readonly field: "capacity" | "sizes";
}

type HeldCounter = CounterRecord & Price;

interface HeldSketch {
  readonly record: Omit<SketchRecord, "meta" | "counters">;
  meta: Meta;
  readonly counters: Map<string, HeldCounter>;
}

/** What the registry asks of this host, besides the tap. */
export interface HostFacts {
  /** Bytes that a counter may come to take; throws `bad_request` for a key type that is none. */
  readonly counterBytes: (spec: CounterSpec) => number;
  /** Bytes that the packet sizes of a sketch may come to take. */
  readonly sizesBytes: () => number;
  readonly deviceExists: (name: string) => boolean;
  /** The device that shows the same packets again (a port's bridge); "": none. */
  readonly deviceAbove: (name: string) => string;
  /** Throws in libpcap's words. `rawFrames`: of frames that begin with their IP header. */
  readonly checkCaptureFilter: (expression: string, rawFrames?: boolean) => void;
  /** The network namespaces that the tap reads besides its own; absent: none. */
  readonly netns?: NetnsChoice | undefined;
}

export interface SketchesOptions {
  readonly capture: Capture;
  readonly memory: MemoryBudget;
  readonly host: HostFacts;
}

export class Sketches {
  readonly #capture: Capture;
  readonly #memory: MemoryBudget;
  readonly #host: HostFacts;
  readonly #held = new Map<string, HeldSketch>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ capture, memory, host }: SketchesOptions) {
    this.#capture = capture;
    this.#memory = memory;
    this.#host = host;
  }

  get size(): number {
    return this.#held.size;
  }

  /** `added` is false when the sketch was there. Throws `bad_request`, `conflict`, `too_large`, `tap`. */
  add(sketch: Fields<"add sketch">): Promise<{ added: boolean }> {
    return this.#inTurn(async () => {
      const filter = this.#filterOf(sketch);
      if (this.#isHeld(sketch)) return { added: false };
      const { uuid, secret, meta, filter: fields, sizes = false } = sketch;
      await this.#charged([this.#sizesPrice(sizes)], () =>
        this.#capture.use((tap) => tap.addSketch(uuid, Buffer.from(secret, "hex"), filter, { sizes })),
      );
      this.#hold({ uuid, secret, filter: fields, sizes }, meta);
      return { added: true };
    });
  }

  /** `added` is false when the counter was there. Throws `bad_request`, `conflict`, `not_found`, `too_large`, `tap`. */
  addCounter({ uuid, spec, meta }: Fields<"add counter">): Promise<{ added: boolean }> {
    return this.#inTurn(async () => {
      const { counters, record } = this.#find(uuid);
      checkKeyType(spec.keyType, record.filter, this.#capture.kind);
      const known = counters.get(spec.keyType);
      if (known !== undefined) {
        refuseOtherCounter(known.spec, spec);
        counters.set(spec.keyType, { ...known, meta });
        return { added: false };
      }
      const price = this.#price(spec);
      await this.#charged([price], () => this.#capture.use((tap) => tap.addCounter(uuid, spec)));
      counters.set(spec.keyType, { spec, meta, ...price });
      return { added: true };
    });
  }

  /** Goes on with a sketch of an earlier process. Throws as add and addCounter do, and then leaves nothing of it. */
  restore({ uuid, secret, filter, meta, totals, counters, savedSizes }: KeptSketch): Promise<void> {
    return this.#inTurn(async () => {
      const native = this.#filterOf({ filter });
      this.#isHeld({ uuid, secret, filter });
      const held = counters.map(({ spec, meta }) => {
        checkKeyType(spec.keyType, filter, this.#capture.kind);
        return { spec, meta, ...this.#price(spec) };
      });
      const sizes = savedSizes !== undefined;
      const saved = { totals, counters, sizes: savedSizes ?? false };
      await this.#charged([this.#sizesPrice(sizes), ...held], () =>
        this.#capture.use((tap) => tap.addSketch(uuid, Buffer.from(secret, "hex"), native, saved)),
      );
      this.#hold({ uuid, secret, filter, sizes }, meta, held);
    });
  }

  /** Does something while no sketch comes or goes. */
  undisturbed<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** Throws `not_found`. */
  setMeta({ uuid, meta }: Fields<"set meta">): Promise<void> {
    return this.#inTurn(async () => {
      this.#find(uuid).meta = meta;
    });
  }

  /** Does nothing when the sketch is not there. */
  remove(uuid: string): Promise<void> {
    return this.#inTurn(async () => {
      const sketch = this.#held.get(uuid);
      if (sketch !== undefined) await this.#end(uuid, sketch);
    });
  }

  #hold({ sizes, ...record }: HeldSketch["record"], meta: Meta, counters: readonly HeldCounter[] = []): void {
    this.#held.set(record.uuid, {
      record: sizes ? { ...record, sizes } : record,
      meta,
      counters: new Map(counters.map((counter) => [counter.spec.keyType, counter])),
    });
  }

  async #end(uuid: string, { counters, record }: HeldSketch): Promise<void> {
    await this.#capture.use((tap) => tap.removeSketch(uuid));
    this.#held.delete(uuid);
    for (const { bytes } of counters.values()) this.#memory.release(bytes);
    this.#memory.release(this.#sizesPrice(record.sizes).bytes);
  }

  list(): readonly SketchRecord[] {
    return [...this.#held.values()].map(({ record, meta, counters }) => ({
      ...record,
      meta,
      counters: [...counters.values()].map(({ spec, meta }) => ({ spec, meta })),
    }));
  }

  /** Throws `not_found`, field sketch_id, or field counter_key_type when a key type is given. */
  mustHave(uuid: string, keyType?: string): void {
    const { counters } = this.#find(uuid);
    if (keyType === undefined || counters.has(keyType)) return;
    const present = [...counters.keys()].join(", ") || "none";
    const message = `the sketch has no counter "${keyType}" (it has: ${present}); add it by "config sketch counter"`;
    throw new TallyError("not_found", message, { field: "counter_key_type" });
  }

  #find(uuid: string): HeldSketch {
    const sketch = this.#held.get(uuid);
    if (sketch !== undefined) return sketch;
    throw new TallyError("not_found", `this host has no sketch ${uuid}`, { field: "sketch_id" });
  }

  #filterOf({ tap, filter }: Pick<Fields<"add sketch">, "tap" | "filter">): Filter {
    const kind = this.#capture.kind;
    if (tap !== undefined && tap !== kind) {
      const message = `this host's monitor runs the ${kind} tap: start it by "tallytree-monitor --tap ${tap}", or ask for tap ${kind}`;
      throw new TallyError("bad_request", message, { field: "tap" });
    }
    return toFilter(filter, { ...this.#host, tap: kind });
  }

  #sizesPrice(kept: boolean | undefined): Price {
    return { bytes: kept ? this.#host.sizesBytes() : 0, field: "sizes" };
  }

  #isHeld({
    uuid,
    secret,
    filter,
    sizes = false,
  }: Pick<Fields<"add sketch">, "uuid" | "secret" | "filter" | "sizes">): boolean {
    const held = this.#held.get(uuid)?.record;
    if (held !== undefined) {
      const same = held.secret === secret && (held.sizes ?? false) === sizes;
      if (same && sameFilter(held.filter, filter)) return true;
      throw new TallyError("conflict", `sketch ${uuid} is here already with another filter, sizes or secret`);
    }
    if (this.#held.size < maxSketches) return false;
    throw new TallyError("too_large", `this monitor keeps at most ${maxSketches} sketches: delete one`);
  }

  #price(spec: CounterSpec): Price {
    try {
      return { bytes: this.#host.counterBytes(spec), field: "capacity" };
    } catch (error) {
      throw fromNative(error, "counter_key_type");
    }
  }

  async #charged(prices: readonly Price[], take: () => Promise<void>): Promise<void> {
    let charged = 0;
    try {
      for (const { bytes, field } of prices) {
        this.#memory.charge(bytes, field);
        charged += bytes;
      }
      await take();
    } catch (error) {
      this.#memory.release(charged);
      throw error;
    }
  }

  /** Changes are made one after the other, so that two equal requests never both reach the tap. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function refuseOtherCounter(known: CounterSpec, asked: CounterSpec): void {
  const differs = differingField(known, asked);
  if (differs === undefined) return;
  const message = `counter "${known.keyType}" is here already with ${differs} ${known[differs] ?? "none"}: delete the sketch first, or use another`;
  throw new TallyError("conflict", message, { field: differs });
}
