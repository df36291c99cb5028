// Agents in namespaces, below one another by hand or by a roster. Each host has sent packets from its own address only,
// so each key of the sum tells how often its host is in it.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Coverage, RosterStatus } from "../../controller-client/messages/index.js";
import { until } from "../lab.js";
import { Network, port, type Station } from "../lab-network.js";

/** How agents speak to each other, and who says which is below which. */
export const forms = ["http", "nats", "roster"] as const;
export type Form = (typeof forms)[number];

export interface Answer {
  readonly value: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  /** When it was asked for, in milliseconds. */
  readonly asked: number;
}

const gatewayTimeout = 504;
const fanOut = 3;
/** So many agents are started at the same time. */
const atOnce = 5;
/** Packets that each host has sent. */
const packets = 3;
const wholeMs = 60_000;
/** Indices of the agents that stand by for the root of a roster. */
export const standbys: readonly number[] = [1, 2];

export class DigitTree {
  readonly network: Network;
  readonly form: Form;
  readonly stations: Station[] = [];
  /** Index of the agent that is asked. */
  asked = 0;
  /** Indices of those that are the root, or may become it. */
  heirs: readonly number[] = [0];
  readonly #count: number;
  readonly #budgetMs: number;
  /** Agents that have left the roster and were not seen on it since they came back, at the moment given here. */
  readonly #left = new Map<number, number>();
  #transport = "http";
  #sketch = 0;

  constructor(form: Form, count: number, budgetMs: number) {
    this.network = new Network(count);
    this.form = form;
    this.#count = count;
    this.#budgetMs = budgetMs;
  }

  /** Starts all agents, counts on them, and sends what is counted. */
  async grow(): Promise<void> {
    const { network } = this;
    if (this.form === "nats") this.#transport = await network.startNats();
    await this.#plantAll();
    this.#sketch = await network.count(this.#host(0), { interface: "OUTPUT", proto: "udp", dport: 9 });
    await this.becomeWhole();
    const { address: to } = network.host(this.#count);
    for (const { host } of this.stations) await network.udp(host, { to, dport: 9, count: packets });
  }

  close(): Promise<void> {
    return this.network.close();
  }

  /** Undefined when the agent asked had to say that nobody counted in time, itself included: that is no number. */
  async ask(): Promise<Answer | undefined> {
    const query = { type: "query top", sketch_id: this.#sketch, counter_key_type: "src", k: this.#count };
    const message = { ...query, detail: true, timeout_ms: this.#budgetMs };
    const asked = performance.now();
    const body = JSON.stringify(message);
    const { status, value } = await this.network.post(this.#host(this.asked), body, "application/json");
    if (status === gatewayTimeout) return undefined;
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(value)}`);
    return { ...(value as Omit<Answer, "asked">), asked };
  }

  /** What is wrong with an answer, in sentences. `ofAll`: it comes from the root of all. */
  faultsOf({ value, coverage, asked }: Answer, ofAll = true): readonly string[] {
    const answered = new Set(coverage.answered);
    const listed = [...answered, ...coverage.missing.map(({ host }) => host)];
    const counted = this.stations.map((station) => {
      const times = (value[station.host.address] ?? 0) / packets;
      const claimed = answered.has(nameOf(station)) ? 1 : 0;
      return times === claimed ? "" : `${nameOf(station)}: ${times} times counted, ${claimed} times claimed`;
    });
    const twice = listed.filter((name, place) => listed.indexOf(name) !== place);
    return [
      ...counted.filter((fault) => fault !== ""),
      ...twice.map((name) => `${name} is listed twice`),
      ...(ofAll ? this.#unlisted(new Set(listed), asked) : []),
    ];
  }

  /** The first answer that has everybody in it. */
  becomeWhole(): Promise<Answer> {
    const isWhole = async () => {
      const answer = await this.ask();
      return answer?.coverage.complete && answer.coverage.expected === this.#count ? answer : undefined;
    };
    return until("the whole tree", isWhole, wholeMs);
  }

  /** Ends an agent and starts it again. */
  async restart(index: number, signal: NodeJS.Signals, downMs: number): Promise<void> {
    const station = this.stations[index] as Station;
    const leaves = signal === "SIGTERM" && this.form === "roster";
    if (leaves) this.#left.set(index, Number.POSITIVE_INFINITY);
    await station.agent.stop(signal);
    await sleep(downMs);
    const options = ["--transport", this.#transport, ...this.#options(index)];
    const agent = await this.network.startAgent(station.host, options);
    this.stations[index] = { ...station, agent };
    if (leaves) this.#left.set(index, performance.now());
  }

  /** Asks the root from now on, if there is one and it is an heir; false when there is none. */
  async followRoot(): Promise<boolean> {
    if (this.form !== "roster") return true;
    for (const heir of [this.asked, ...this.heirs]) {
      const status = await this.network.ask(this.#host(heir), { type: "query status" });
      if ((status as { readonly roster: RosterStatus }).roster.role !== "root") continue;
      this.asked = heir;
      return true;
    }
    return false;
  }

  /** How often agents that still run went below another one. */
  moves(): number {
    const times = this.stations.map(({ agent }) => agent.stderr().split(heldBy).length - 2);
    return times.reduce((sum, more) => sum + Math.max(0, more), 0);
  }

  /** The root, then those that may follow it, then the others, who may join through them; a few at once. */
  async #plantAll(): Promise<void> {
    for (const index of [0, ...standbys]) await this.#plant(index);
    const others = Array.from({ length: this.#count }, (_, index) => index).slice(1 + standbys.length);
    for (let i = 0; i < others.length; i += atOnce)
      await Promise.all(others.slice(i, i + atOnce).map((index) => this.#plant(index)));
  }

  async #plant(index: number): Promise<void> {
    const terms = { transport: this.#transport, more: this.#options(index) };
    this.stations[index] = await this.network.start(this.#host(index), terms);
  }

  #options(index: number): readonly string[] {
    if (this.form === "roster") return this.#rosterOptions(index);
    if (index === 0) return [];
    return ["--parent", this.#url(Math.floor((index - 1) / fanOut))];
  }

  #rosterOptions(index: number): readonly string[] {
    const state = ["--state", join(this.network.lab.folder, `state-${index}`)];
    if (index === 0) return [...state, "--root", "--fan-out", `${fanOut}`];
    const through = [0, ...standbys].filter((one) => one < index);
    const standby = standbys.includes(index) ? ["--standby"] : [];
    return [...state, ...standby, ...through.flatMap((one) => ["--join", this.#url(one)])];
  }

  // One that says goodbye is off the roster until it has joined again.
  #unlisted(listed: ReadonlySet<string>, asked: number): readonly string[] {
    const faults: string[] = [];
    for (const [index, station] of this.stations.entries()) {
      const isListed = listed.has(nameOf(station));
      if (isListed && asked > (this.#left.get(index) ?? 0)) this.#left.delete(index);
      if (!isListed && !this.#left.has(index)) faults.push(`${nameOf(station)} is not listed`);
    }
    const names = new Set(this.stations.map(nameOf));
    return [...faults, ...[...listed].filter((name) => !names.has(name)).map((name) => `who is ${name}?`)];
  }

  #host(index: number) {
    return this.network.host(index);
  }

  #url(index: number): string {
    return `http://${this.#host(index).address}:${port}`;
  }
}

const heldBy = "this agent is below another one";

const nameOf = ({ host }: Station) => `${host.address}:${port}`;
