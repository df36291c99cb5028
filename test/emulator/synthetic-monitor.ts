// The monitor of an emulated host: it has counted its packets already. Hosts of one kind share what they counted.

import { TallyError } from "../../controller-client/messages/index.js";
import type {
  Hello,
  IntervalQuery,
  LedgerQuery,
  Monitor,
  MonitorStats,
  NewCounter,
  NewSketch,
  SketchRecord,
} from "../../monitor/client.js";
import { type Counted, type Interval, ledgerIntervals, type SketchTotals } from "../../native/index.js";
import { type Counts, count, packetsOfHost } from "./traffic.js";

const counted = new Map<string, Promise<Counts>>();
const tap = { kind: "packet", state: "running" } as const;

export class SyntheticMonitor implements Monitor {
  readonly #kind: number;
  readonly #sketches = new Map<string, NewSketch>();
  readonly #counters = new Map<string, Promise<Counts>>();

  constructor(kind: number) {
    this.#kind = kind;
  }

  async hello(): Promise<Hello> {
    return { version: 1, instance: "emulated", tap };
  }

  async addSketch(sketch: NewSketch): Promise<{ readonly added: boolean }> {
    const added = !this.#sketches.has(sketch.uuid);
    this.#sketches.set(sketch.uuid, sketch);
    return { added };
  }

  async addCounter({ uuid, spec }: NewCounter): Promise<{ readonly added: boolean }> {
    const { keyType, capacity } = spec;
    const secret = Buffer.from(this.#sketch(uuid).secret, "hex");
    const name = [this.#kind, uuid, keyType].join(" ");
    const counts = counted.get(name) ?? count({ kind: this.#kind, uuid, secret, keyType, capacity });
    counted.set(name, counts);
    this.#counters.set(`${uuid} ${keyType}`, counts);
    await counts;
    return { added: true };
  }

  async setMeta(): Promise<void> {}

  async removeSketch(uuid: string): Promise<void> {
    this.#sketches.delete(uuid);
  }

  async sketches(): Promise<readonly SketchRecord[]> {
    return [];
  }

  async ledger(query: LedgerQuery): Promise<Counted<Uint8Array>> {
    return { ...covered, value: (await this.#counts(query)).ledger };
  }

  async distinct(query: LedgerQuery): Promise<Counted<Uint8Array>> {
    return { ...covered, value: (await this.#counts(query)).distinct };
  }

  async sizes(): Promise<never> {
    throw new TallyError("not_found", "no sketch here keeps sizes");
  }

  async spread(): Promise<never> {
    throw new TallyError("not_found", "no counter here keeps a spread");
  }

  async interval({ key, ...query }: IntervalQuery): Promise<Counted<Interval>> {
    const { ledger } = await this.#counts(query);
    const secret = Buffer.from(this.#sketch(query.uuid).secret, "hex");
    const { lower, upper } = ledgerIntervals(ledger, secret, [key]);
    return { ...covered, value: { lower: lower[0] ?? 0n, upper: upper[0] ?? 0n } };
  }

  async totals(): Promise<SketchTotals> {
    const packets = BigInt(packetsOfHost);
    return { packets, bytes: 84n * packets, buffers: packets };
  }

  async stats(): Promise<MonitorStats> {
    const none = { lost: {}, unparsed: {}, ignored: {} };
    const stats = {
      seen: packetsOfHost,
      read: packetsOfHost,
      matched: packetsOfHost,
      superPackets: 0,
      unopened: 0,
      estimated: 0,
      gaps: [],
      ...none,
    };
    const memory = { used: 0, budget: 0 };
    return { tap, stats, memory, sketches: this.#sketches.size, uptimeMs: 0, offloads: {} };
  }

  #sketch(uuid: string): NewSketch {
    const sketch = this.#sketches.get(uuid);
    if (sketch === undefined) throw new TallyError("not_found", "no such sketch");
    return sketch;
  }

  #counts({ uuid, keyType }: Pick<LedgerQuery, "uuid" | "keyType">): Promise<Counts> {
    this.#sketch(uuid);
    const counts = this.#counters.get(`${uuid} ${keyType}`);
    if (counts === undefined) throw new TallyError("not_found", "no such counter");
    return counts;
  }
}

/** The second that the packets of capture files are of. */
const covered = { from: 1_700_000_000, to: 1_700_000_001 };
