// Whole agents in one process: real ledgers out of a capture file, no sockets, no privilege.

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import type { Agent } from "../../agent/agent.js";
import { buildApp } from "../../agent/app.js";
import { assemble } from "../../agent/assembly.js";
import {
  decodeFrame,
  fromErrorBody,
  parseAgentAddress,
  TallyError,
} from "../../controller-client/messages/index.js";
import type {
  Hello,
  Monitor,
  MonitorStats,
  NewCounter,
  NewSketch,
  SketchRecord,
} from "../../monitor/client.js";
import { type Counted, openTap, type Tap } from "../../native/index.js";
import { type Ask, systemTime } from "../../overlay/index.js";
import { captureBytes, type Datagram } from "../native/capture-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "tallytree-agent-"));
let files = 0;

export const removeCaptures = (): void => rmSync(folder, { recursive: true, force: true });

type Held = { -readonly [K in keyof SketchRecord]: SketchRecord[K] };

/** A monitor whose packets come out of a file when it is played. */
export class FileMonitor implements Monitor {
  /** Every call rejects with it. */
  failure: TallyError | undefined;
  #tap: Tap;
  #held = new Map<string, Held>();
  #resumed = false;
  #instance = randomUUID();

  constructor(datagrams: readonly Datagram[]) {
    this.#tap = tapOf(datagrams);
  }

  /** Lets all packets come; resolves when they have been counted. */
  async play(): Promise<void> {
    this.#tap.start();
    await this.#tap.finished;
  }

  /** As if it had been killed and started anew: another instance, no sketches, these packets to come. */
  /** `resumed`: it goes on from a checkpoint, which has no sketch. */
  restart(datagrams: readonly Datagram[], resumed = false): void {
    this.#resumed = resumed;
    this.#tap = tapOf(datagrams);
    this.#held = new Map();
    this.#instance = randomUUID();
  }

  async hello(): Promise<Hello> {
    this.#check();
    const tap = { kind: "packet", state: "running" } as const;
    return { version: 1, instance: this.#instance, resumed: this.#resumed, tap };
  }
  async addSketch({ uuid, secret, filter, sizes = false, meta }: NewSketch): Promise<{ added: boolean }> {
    this.#check();
    if (filter.device === "nodev0")
      throw new TallyError("bad_request", "no such device", { field: "device" });
    if (this.#held.has(uuid)) return { added: false };
    const { interface: direction, proto: _, ...rest } = filter;
    const native = { direction: direction === "INPUT" ? "input" : "output", ...rest } as const;
    await this.#tap.addSketch(uuid, Buffer.from(secret, "hex"), native, { sizes });
    this.#held.set(uuid, { uuid, secret, filter, sizes, meta, counters: [] });
    return { added: true };
  }
  async addCounter({ uuid, spec, meta }: NewCounter): Promise<{ added: boolean }> {
    this.#check();
    const sketch = this.#find(uuid);
    const others = sketch.counters.filter((counter) => counter.spec.keyType !== spec.keyType);
    const added = others.length === sketch.counters.length;
    if (added) await this.#tap.addCounter(uuid, spec);
    sketch.counters = [...others, { spec, meta }];
    return { added };
  }
  async setMeta(uuid: string, meta: SketchRecord["meta"]): Promise<void> {
    this.#find(uuid).meta = meta;
  }
  async removeSketch(uuid: string): Promise<void> {
    this.#check();
    if (this.#held.delete(uuid)) await this.#tap.removeSketch(uuid);
  }
  async sketches(): Promise<readonly SketchRecord[]> {
    this.#check();
    return [...this.#held.values()];
  }
  async ledger({ uuid, keyType, window }: Parameters<Monitor["ledger"]>[0]): Promise<Counted<Uint8Array>> {
    this.#find(uuid);
    return this.#tap.ledger(uuid, keyType, window);
  }
  async distinct({ uuid, keyType, window }: Parameters<Monitor["ledger"]>[0]): Promise<Counted<Uint8Array>> {
    this.#find(uuid);
    return this.#tap.distinct(uuid, keyType, window);
  }
  async spread({ uuid, keyType, window, by }: Parameters<Monitor["spread"]>[0]) {
    this.#find(uuid);
    return this.#tap.spread(uuid, keyType, window, by);
  }
  async sizes({ uuid, window }: Parameters<Monitor["sizes"]>[0]) {
    this.#find(uuid);
    return this.#tap.sizes(uuid, window);
  }
  async interval({ uuid, keyType, key, window }: Parameters<Monitor["interval"]>[0]) {
    this.#find(uuid);
    return this.#tap.interval(uuid, keyType, key, window);
  }
  async totals(uuid: string) {
    this.#find(uuid);
    return this.#tap.totals(uuid);
  }
  async stats(): Promise<MonitorStats> {
    this.#check();
    const { hello, ...rest } = {
      hello: await this.hello(),
      memory: { used: 1, budget: 2 },
      sketches: 0,
      uptimeMs: 5,
      offloads: { eth0: ["tso", "gro"], eth1: ["gro"] },
    };
    return { ...rest, tap: hello.tap, stats: await this.#tap.stats() };
  }

  #find(uuid: string): Held {
    this.#check();
    const sketch = this.#held.get(uuid);
    if (sketch === undefined) throw new TallyError("not_found", "no such sketch");
    return sketch;
  }

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

function tapOf(datagrams: readonly Datagram[]): Tap {
  const path = join(folder, `${++files}.pcap`);
  writeFileSync(path, captureBytes(datagrams));
  return openTap({ kind: "file", path });
}

export interface Post {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with what is expected of them, field by field
  readonly value: any;
}

/** One agent over one file. */
export interface Station {
  readonly agent: Agent;
  readonly monitor: FileMonitor;
  readonly app: FastifyInstance;
  ask(message: object): Promise<Post>;
}

/** Agents that reach each other by their addresses, 10.0.0.1 and up. */
export class Village {
  readonly stations: Station[] = [];
  /** Addresses that nobody answers at. */
  readonly silent = new Set<string>();

  /** `now`: its clock, milliseconds since 1970. */
  add(datagrams: readonly Datagram[], now: () => number = Date.now): Station {
    const monitor = new FileMonitor(datagrams);
    const station = this.#station(monitor, `10.0.0.${this.stations.length + 1}:8000`, now);
    this.stations.push(station);
    return station;
  }

  /** The same host with its agent started anew. */
  restart(index: number): Station {
    const { agent, monitor } = this.at(index);
    const station = this.#station(monitor, agent.name);
    this.stations[index] = station;
    return station;
  }

  at(index: number): Station {
    const station = this.stations[index];
    if (station === undefined) throw new Error(`no station ${index}`);
    return station;
  }

  async link(parent: number, child: number): Promise<Post> {
    return this.at(parent).ask({ type: "add leaf agent", agent_addr: this.at(child).agent.name });
  }

  async play(): Promise<void> {
    for (const { monitor } of this.stations) await monitor.play();
  }

  #station(monitor: FileMonitor, name: string, now = Date.now): Station {
    const address = parseAgentAddress(name);
    const ask: Ask = (child, request) => this.#deliver(child.address.name, request);
    const agent = assemble({ version: "0", address, monitor, ask, time: { ...systemTime, now } });
    const app = buildApp(agent, pino({ level: "silent" }));
    return { agent, monitor, app, ask: (message) => post(app, JSON.stringify(message), "application/json") };
  }

  async #deliver(name: string, request: object) {
    const station = this.stations.find(({ agent }) => agent.name === name);
    if (station === undefined || this.silent.has(name))
      throw new TallyError("unavailable", "connection refused");
    const headers = { "content-type": "application/json" };
    const reply = await station.app.inject({
      method: "POST",
      url: "/",
      headers,
      payload: JSON.stringify(request),
    });
    if (reply.statusCode !== 200) throw fromErrorBody(reply.json()) ?? new TallyError("incompatible", "?");
    return decodeFrame(reply.rawPayload);
  }
}

export async function post(app: FastifyInstance, payload: string, contentType?: string): Promise<Post> {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const reply = await app.inject({ method: "POST", url: "/", headers, payload });
  return { status: reply.statusCode, value: reply.json() };
}
