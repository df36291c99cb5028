// A tap without packets, a logger without a file, and a monitor on a socket of its own, for tests.

import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { MonitorClient } from "../../monitor/client.js";
import { type RunningMonitor, startMonitor } from "../../monitor/monitor.js";
import type { Options } from "../../monitor/options.js";
import type {
  Counted,
  CounterSpec,
  Filter,
  Interval,
  Kept,
  Saved,
  SketchOptions,
  SketchTotals,
  Tap,
  Window,
} from "../../native/index.js";

/** What the fake says its answers cover. */
export const span = { from: 100, to: 110 };

/** Remembers what it was asked to do; a test may make it fail. */
export class FakeTap implements Tap {
  readonly sketches = new Map<string, { filter: Filter; secret: Uint8Array; counters: CounterSpec[] }>();
  readonly asked: string[] = [];
  readonly restored: Kept[] = [];
  readonly totalsGiven: SketchTotals[] = [];
  packets = 5n;
  started = 0;
  stopped = 0;
  fail: (error: Error) => void = () => undefined;
  /** The next call rejects with it. */
  nextError: Error | undefined;
  readonly finished = new Promise<void>((_, reject) => {
    this.fail = reject;
  });

  start(): void {
    this.started += 1;
  }
  async addSketch(
    id: string,
    secret: Uint8Array,
    filter: Filter,
    { totals, sizes = false, counters = [] }: SketchOptions = {},
  ): Promise<void> {
    this.#note(`addSketch ${id}${sizes ? " sizes" : ""}`);
    if (totals !== undefined) this.totalsGiven.push(totals);
    this.restored.push(
      ...(typeof sizes === "boolean" ? [] : sizes),
      ...counters.flatMap(({ saved }) => saved),
    );
    this.sketches.set(id, { filter, secret, counters: counters.map(({ spec }) => spec) });
  }
  async removeSketch(id: string): Promise<void> {
    this.#note(`removeSketch ${id}`);
    this.sketches.delete(id);
  }
  async addCounter(id: string, spec: CounterSpec): Promise<void> {
    this.#note(`addCounter ${id} ${spec.keyType}`);
    this.sketches.get(id)?.counters.push(spec);
  }
  /** Its state is what it was restored from, and its one pane the number of its savings. */
  async saveCounter(id: string, keyType: string): Promise<readonly Saved[]> {
    return this.#save("saveCounter", `${id} ${keyType}`);
  }
  async saveSizes(id: string): Promise<readonly Saved[]> {
    return this.#save("saveSizes", `${id} sizes`);
  }
  async ledger(id: string, keyType: string, window: Window): Promise<Counted<Buffer>> {
    this.#note("ledger");
    return { ...span, value: Buffer.from(`ledger ${id} ${keyType} ${JSON.stringify(window)}`) };
  }
  async distinct(id: string, keyType: string, window: Window): Promise<Counted<Buffer>> {
    this.#note("distinct");
    return { ...span, value: Buffer.from(`distinct ${id} ${keyType} ${JSON.stringify(window)}`) };
  }
  async spread(id: string, keyType: string, window: Window, by: string): Promise<Counted<Buffer>> {
    this.#note("spread");
    return { ...span, value: Buffer.from(`spread ${id} ${keyType} ${JSON.stringify(window)} ${by}`) };
  }
  async sizes(id: string, window: Window): Promise<Counted<Buffer>> {
    this.#note("sizes");
    return { ...span, value: Buffer.from(`sizes ${id} ${JSON.stringify(window)}`) };
  }
  async interval(_id: string, _keyType: string, key: string): Promise<Counted<Interval>> {
    this.#note("interval");
    if (key === "rubbish") throw Object.assign(new Error("no such key"), { code: "bad_request" });
    return { ...span, value: { lower: 2n ** 53n + 1n, upper: 2n ** 63n } };
  }
  async totals(): Promise<SketchTotals> {
    this.#note("totals");
    return { packets: this.packets, bytes: 420n, buffers: 4n };
  }
  async stats() {
    this.#note("stats");
    const books = { seen: 7, read: 6, matched: 5, lost: { ring_full: 1 }, unparsed: {}, ignored: {} };
    return { ...books, superPackets: 0, unopened: 0, estimated: 0, gaps: [] };
  }
  async stop(): Promise<void> {
    this.stopped += 1;
  }

  #save(call: string, what: string): readonly Saved[] {
    this.#note(`${call} ${what}`);
    const serial = this.asked.filter((asked) => asked === `${call} ${what}`).length;
    const bytes = Buffer.from(`pane ${serial}`);
    return [{ state: Buffer.from(`${what} ${this.packets}`), panes: [{ serial, bytes }], kept: [serial] }];
  }

  #note(call: string): void {
    const error = this.nextError;
    this.nextError = undefined;
    if (error !== undefined) throw error;
    this.asked.push(call);
  }
}

export const secret = "000102030405060708090a0b0c0d0e0f";
export const quiet = pino({ level: "silent" });

export const newSketch = (uuid: string, fields: object = {}) => ({
  uuid,
  secret,
  filter: { interface: "INPUT" as const },
  meta: { id: 0 },
  ...fields,
});

export const newCounter = (uuid: string, keyType = "src", fields: object = {}) => ({
  uuid,
  spec: { keyType, increment: "pkt" as const, capacity: 4096, ...fields },
  meta: { hitter_threshold: 0.1 },
});

/** A counter costs a kilobyte an entry here; key types with an "x" in them are none. */
export function fakeCounterBytes({ keyType, capacity }: CounterSpec): number {
  if (keyType.includes("x"))
    throw Object.assign(new Error(`no key type "${keyType}"`), { code: "bad_request" });
  return capacity * 1024;
}

export interface FakeMonitor {
  readonly tap: FakeTap;
  readonly socket: string;
  readonly client: MonitorClient;
  readonly running: RunningMonitor;
  end(): Promise<void>;
}

export function fakeOptions(socket: string, fields: Partial<Options> = {}): Options {
  const numbers = { queue: 8000, agentPort: 8000, ring: 32, cores: 1, vxlanPort: 4789, memory: 16 };
  return { socket, group: "nogroup", state: false, tap: "packet", logLevel: "silent", ...numbers, ...fields };
}

export function fakeMachine(tap: Tap) {
  const deviceExists = (name: string) => name === "eth0" || name === "port0";
  const deviceAbove = (name: string) => (name === "port0" ? "br0" : "");
  return {
    openTap: () => tap,
    counterBytes: fakeCounterBytes,
    sizesBytes: () => 2 ** 20,
    deviceExists,
    deviceAbove,
    checkCaptureFilter: () => undefined,
    offloads: () => ({ eth0: ["gro"] }),
    cleanRules: async () => undefined,
    lockFile: (path: string) => openSync(path, "w"),
  };
}

export async function startFake(fields: Partial<Options> = {}): Promise<FakeMonitor> {
  const folder = mkdtempSync(join(tmpdir(), "tallytree-unit-"));
  const socket = join(folder, "monitor.sock");
  const tap = new FakeTap();
  const running = await startMonitor(fakeOptions(socket, fields), fakeMachine(tap), quiet);
  const client = new MonitorClient(socket);
  const end = async () => {
    client.close();
    await running.stop();
    rmSync(folder, { recursive: true });
  };
  return { tap, socket, client, running, end };
}
