// Several taps as one: each has a ring or a queue, a thread and ledgers of its own, and the kernel deals the flows out.

import type { Kept, Saved } from "./saved.js";
import type {
  Counted,
  CounterSpec,
  Filter,
  Interval,
  SketchOptions,
  SketchTotals,
  Tap,
  TapSource,
  Window,
} from "./tap.js";
import { addStats, type TapStats } from "./tap-stats.js";

type PacketTap = Extract<TapSource, { kind: "packet" }>;
type InlineTap = Extract<TapSource, { kind: "nfqueue" }>;

/** What this file needs of the add-on. */
export interface CoreAlgebra {
  openTap(source: PacketMember | InlineMember): Tap & { readonly group?: number };
  mergeLedgers(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
  mergeDistinct(encoded: readonly Uint8Array[]): Buffer;
  mergeSizes(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
  mergeSpreads(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
}

/** `group` -1: a new group, whose number the tap tells; else the group to join. */
export type PacketMember = PacketTap & { readonly group: number };
/** `follows`: it only reads its queue; the tap of the first queue, opened last, has the rules put in place. */
export type InlineMember = InlineTap & { readonly follows?: boolean };

const newGroup = -1;
const defaultRingMiB = 16;
const defaultQueue = 8000;

/** Opens one tap a core. Throws as openTap, and then leaves none open. */
export function openCores(source: PacketTap | InlineTap, algebra: CoreAlgebra): Tap {
  const taps: Tap[] = [];
  try {
    for (const tap of source.kind === "packet" ? rings(source, algebra) : queues(source, algebra))
      taps.push(tap);
  } catch (error) {
    for (const tap of taps) void tap.stop();
    throw error;
  }
  // Whose queue is the first ends first, and takes the rules along while the others still read.
  return new CoreTaps(source.kind === "packet" ? taps : taps.reverse(), algebra);
}

/** The rings have `ringMiB` together. */
function* rings(source: PacketTap, { openTap }: CoreAlgebra): Generator<Tap> {
  const { cores = 1, ringMiB = defaultRingMiB } = source;
  const share = { ...source, ringMiB: Math.ceil(ringMiB / cores) };
  const first = openTap({ ...share, group: newGroup });
  yield first;
  for (let core = 1; core < cores; core++) yield openTap({ ...share, group: first.group ?? newGroup });
}

/** Queues `queue`, `queue` + 1, ... */
function* queues(source: InlineTap, { openTap }: CoreAlgebra): Generator<Tap> {
  const { cores = 1, queue = defaultQueue } = source;
  for (let core = cores - 1; core > 0; core--)
    yield openTap({ ...source, queue: queue + core, follows: true });
  yield openTap({ ...source, queue });
}

class CoreTaps implements Tap {
  readonly finished: Promise<void>;
  readonly #taps: readonly Tap[];
  readonly #algebra: CoreAlgebra;
  readonly #secrets = new Map<string, Uint8Array>();

  constructor(taps: readonly Tap[], algebra: CoreAlgebra) {
    this.#taps = taps;
    this.#algebra = algebra;
    this.finished = Promise.all(taps.map((tap) => tap.finished)).then(() => undefined);
  }

  start(): void {
    for (const tap of this.#taps) tap.start();
  }

  /** On every core, or on none. */
  async addSketch(
    id: string,
    secret: Uint8Array,
    filter: Filter,
    options: SketchOptions = {},
  ): Promise<void> {
    const added: Tap[] = [];
    const add = async (tap: Tap, core: number) => {
      await tap.addSketch(id, secret, filter, this.#ownOptions(options, core));
      added.push(tap);
    };
    const outcomes = await Promise.allSettled(this.#taps.map(add));
    const refusal = outcomes.find((outcome) => outcome.status === "rejected");
    if (refusal !== undefined) {
      await Promise.allSettled(added.map((tap) => tap.removeSketch(id)));
      throw refusal.reason;
    }
    this.#secrets.set(id, Uint8Array.from(secret));
  }

  async removeSketch(id: string): Promise<void> {
    await this.#all((tap) => tap.removeSketch(id));
    this.#secrets.delete(id);
  }

  async addCounter(id: string, spec: CounterSpec): Promise<void> {
    await this.#all((tap) => tap.addCounter(id, spec));
  }

  async saveCounter(id: string, keyType: string, after: readonly number[]): Promise<readonly Saved[]> {
    const saved = this.#taps.map((tap, core) => tap.saveCounter(id, keyType, [after[core] ?? 0]));
    return (await Promise.all(saved)).flat();
  }

  async saveSizes(id: string, after: readonly number[]): Promise<readonly Saved[]> {
    const saved = this.#taps.map((tap, core) => tap.saveSizes(id, [after[core] ?? 0]));
    return (await Promise.all(saved)).flat();
  }

  async ledger(id: string, keyType: string, window: Window): Promise<Counted<Buffer>> {
    const secret = this.#secretOf(id);
    const parts = await this.#all((tap) => tap.ledger(id, keyType, window));
    return together(parts, (encoded) => this.#algebra.mergeLedgers(encoded, secret));
  }

  async distinct(id: string, keyType: string, window: Window): Promise<Counted<Buffer>> {
    const parts = await this.#all((tap) => tap.distinct(id, keyType, window));
    return together(parts, (encoded) => this.#algebra.mergeDistinct(encoded));
  }

  async spread(id: string, keyType: string, window: Window, by: string): Promise<Counted<Buffer>> {
    const secret = this.#secretOf(id);
    const parts = await this.#all((tap) => tap.spread(id, keyType, window, by));
    return together(parts, (encoded) => this.#algebra.mergeSpreads(encoded, secret));
  }

  async sizes(id: string, window: Window): Promise<Counted<Buffer>> {
    const secret = this.#secretOf(id);
    const parts = await this.#all((tap) => tap.sizes(id, window));
    return together(parts, (encoded) => this.#algebra.mergeSizes(encoded, secret));
  }

  async interval(id: string, keyType: string, key: string, window: Window): Promise<Counted<Interval>> {
    const parts = await this.#all((tap) => tap.interval(id, keyType, key, window));
    return together(parts, (all) => ({
      lower: sum(all, ({ lower }) => lower),
      upper: sum(all, ({ upper }) => upper),
    }));
  }

  async totals(id: string): Promise<SketchTotals> {
    const parts = await this.#all((tap) => tap.totals(id));
    return {
      packets: sum(parts, ({ packets }) => packets),
      bytes: sum(parts, ({ bytes }) => bytes),
      buffers: sum(parts, ({ buffers }) => buffers),
    };
  }

  async stats(): Promise<TapStats> {
    return (await this.#all((tap) => tap.stats())).reduce(addStats);
  }

  async stop(): Promise<void> {
    await this.#all((tap) => tap.stop());
  }

  #secretOf(id: string): Uint8Array {
    return this.#secrets.get(id) ?? new Uint8Array(16);
  }

  /** The totals of all go to the first. */
  #ownOptions({ totals, sizes = false, counters = [] }: SketchOptions, core: number): SketchOptions {
    return {
      sizes: typeof sizes === "boolean" ? sizes : this.#own(sizes, core),
      counters: counters.map(({ spec, saved }) => ({ spec, saved: this.#own(saved, core) })),
      ...(core === 0 && totals !== undefined ? { totals } : {}),
    };
  }

  #own(saved: readonly Kept[], core: number): readonly Kept[] {
    if (saved.length !== this.#taps.length)
      throw Object.assign(new Error(`it was kept by ${saved.length} cores`), { code: "bad_request" });
    return saved.slice(core, core + 1);
  }

  #all<T>(ask: (tap: Tap) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.#taps.map(ask));
  }
}

/** All cores read one clock; a core that got its first packet later covers no less. */
function together<T>(parts: readonly Counted<T>[], add: (values: readonly T[]) => T): Counted<T> {
  return {
    from: Math.min(...parts.map(({ from }) => from)),
    to: Math.max(...parts.map(({ to }) => to)),
    value: add(parts.map(({ value }) => value)),
  };
}

function sum<T>(parts: readonly T[], of: (part: T) => bigint): bigint {
  return parts.reduce((total, part) => total + of(part), 0n);
}
