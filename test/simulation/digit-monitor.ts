// A monitor of the simulation: host i has counted 4^i packets, so that each base-4 digit of a sum tells how often that
// host is in it.

import { TallyError } from "../../controller-client/messages/index.js";
import type {
  Hello,
  Monitor,
  MonitorStats,
  NewCounter,
  NewSketch,
  SketchRecord,
} from "../../monitor/client.js";
import type { SketchTotals } from "../../native/index.js";

type Held = { -readonly [K in keyof SketchRecord]: SketchRecord[K] };

export class DigitMonitor implements Monitor {
  readonly #packets: bigint;
  readonly #name: string;
  #held = new Map<string, Held>();
  #starts = 0;
  /** While it is down, every call rejects. */
  isDown = false;

  constructor(index: number) {
    this.#packets = 4n ** BigInt(index);
    this.#name = `monitor ${index}`;
  }

  /** As if it had been killed and started anew: it knows no sketch. */
  restart(): void {
    this.#held = new Map();
    this.#starts += 1;
    this.isDown = false;
  }

  /** The sketches it counts. */
  uuids(): readonly string[] {
    return [...this.#held.keys()].sort();
  }

  async hello(): Promise<Hello> {
    this.#check();
    const instance = `${this.#name}, start ${this.#starts}`;
    return { version: 2, instance, tap: { kind: "packet", state: "running" } };
  }

  async addSketch({ uuid, secret, filter, meta }: NewSketch): Promise<{ readonly added: boolean }> {
    this.#check();
    if (this.#held.has(uuid)) return { added: false };
    this.#held.set(uuid, { uuid, secret, filter, meta, counters: [] });
    return { added: true };
  }

  async addCounter({ uuid, spec, meta }: NewCounter): Promise<{ readonly added: boolean }> {
    const sketch = this.#find(uuid);
    if (sketch.counters.some((counter) => counter.spec.keyType === spec.keyType)) return { added: false };
    sketch.counters = [...sketch.counters, { spec, meta }];
    return { added: true };
  }

  async setMeta(uuid: string, meta: SketchRecord["meta"]): Promise<void> {
    this.#find(uuid).meta = meta;
  }

  async removeSketch(uuid: string): Promise<void> {
    this.#check();
    this.#held.delete(uuid);
  }

  async sketches(): Promise<readonly SketchRecord[]> {
    this.#check();
    return [...this.#held.values()];
  }

  async totals(uuid: string): Promise<SketchTotals> {
    this.#find(uuid);
    return { packets: this.#packets, bytes: this.#packets, buffers: this.#packets };
  }

  async stats(): Promise<MonitorStats> {
    const { tap } = await this.hello();
    return { tap, memory: { used: 0, budget: 1 }, sketches: this.#held.size, uptimeMs: 0, offloads: {} };
  }

  async ledger(): Promise<never> {
    throw countsNoKeys();
  }

  async sizes(): Promise<never> {
    throw countsNoKeys();
  }

  async spread(): Promise<never> {
    throw countsNoKeys();
  }

  async distinct(): Promise<never> {
    throw countsNoKeys();
  }

  async interval(): Promise<never> {
    throw countsNoKeys();
  }

  #find(uuid: string): Held {
    this.#check();
    const sketch = this.#held.get(uuid);
    if (sketch === undefined) throw new TallyError("not_found", `no sketch ${uuid}`);
    return sketch;
  }

  #check(): void {
    if (this.isDown) throw new TallyError("monitor_down", "the monitor does not answer");
  }
}

const countsNoKeys = (): Error => new Error("the simulation asks for totals only");
