// A whole network of emulated agents in some processes: started, linked, asked at its root, and ended.

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { Client } from "../../controller-client/index.js";
import { type NatsServer, startNatsServer } from "../nats-server.js";
import type { Figures, Order } from "./agents.js";
import { addressOf, childrenOf, levelOf, type Shape } from "./shape.js";

const agentsOfProcess = 500;
const program = join(import.meta.dirname, "agents.js");

export type EmulatedTransport = "http" | "nats";

export class Emulation {
  readonly shape: Shape;
  /** Of the agent at the root, which has a process for itself. */
  readonly root = new Client({ url: addressOf(0).url, timeoutMs: 60_000 });
  readonly #transport: EmulatedTransport;
  readonly #processes: ChildProcess[] = [];
  #nats: NatsServer | undefined;

  constructor(shape: Shape, transport: EmulatedTransport) {
    this.shape = shape;
    this.#transport = transport;
  }

  /** Starts all agents and hangs them below each other. */
  async start(): Promise<void> {
    const { agents } = this.shape;
    if (this.#transport === "nats") this.#nats = await startNatsServer();
    const others = Math.ceil((agents - 1) / agentsOfProcess);
    const shares: number[][] = [[0], ...Array.from({ length: others }, () => [])];
    for (let index = 1; index < agents; index++) shares[1 + (index % others)]?.push(index);
    for (const indices of shares) {
      const process = fork(program);
      this.#processes.push(process);
      await tell(process, { do: "start", shape: this.shape, indices, nats: this.#nats?.url });
    }
    for (let level = 0; level < this.levels; level++) await this.#tellAll({ do: "link", level });
  }

  get natsUrl(): string | undefined {
    return this.#nats?.url;
  }

  /** Levels of agents that have children. */
  get levels(): number {
    return levelOf(this.shape.agents - 1, this.shape);
  }

  /** From now on only the agents on one way from the root to a leaf ask; undefined: all do. */
  async onlyOneWay(only: boolean): Promise<void> {
    const way = [0];
    for (let next = 0; next !== undefined; next = childrenOf(next, this.shape)[0] as number) way.push(next);
    await this.#tellAll(only ? { do: "replay", asking: way } : { do: "replay" });
  }

  /** Resident bytes of the root; processor time of all; the longest replies since the last time, by level of the parent. */
  async figures(): Promise<Figures> {
    const all = (await this.#tellAll({ do: "figures" })) as readonly Figures[];
    const levels = Array.from({ length: this.levels }, (_, level) => level);
    const longest = levels.map((level) => [level, Math.max(0, ...all.map((one) => one.longest[level] ?? 0))]);
    const cpuMs = all.reduce((sum, one) => sum + one.cpuMs, 0);
    return { rss: all[0]?.rss ?? Number.NaN, cpuMs, longest: Object.fromEntries(longest) };
  }

  async stop(): Promise<void> {
    await this.root.close();
    const ended = this.#processes.map((process) => new Promise((resolve) => process.once("exit", resolve)));
    for (const process of this.#processes) process.kill();
    await Promise.all(ended);
    await this.#nats?.stop();
  }

  #tellAll(order: Order): Promise<readonly (Figures | undefined)[]> {
    return Promise.all(this.#processes.map((process) => tell(process, order)));
  }
}

function tell(process: ChildProcess, order: Order): Promise<Figures | undefined> {
  return new Promise((resolve, reject) => {
    process.once("message", ({ figures, problem }: { figures?: Figures; problem?: string }) =>
      problem === undefined ? resolve(figures) : reject(new Error(problem)),
    );
    process.send(order);
  });
}
