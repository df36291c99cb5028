// One run: a tree of agents, a minute of faults drawn by chance, a question every now and then, and a quiet end.

import { TallyError } from "../../controller-client/messages/index.js";
import { Chance } from "./chance.js";
import { addressOf, type Belonging, SimulatedHost } from "./simulated-host.js";
import { fairWeather, SimulatedNetwork } from "./simulated-network.js";
import { SimulatedTime } from "./simulated-time.js";
import { type DigitAnswer, faultsOf } from "./verdict.js";

export interface Result {
  readonly answers: number;
  /** Answers that lacked a host. */
  readonly incomplete: number;
  /** Sentences, each with the moment it happened. */
  readonly violations: readonly string[];
}

const leastHosts = 3;
const mostHosts = 20;
const stormMs = 60_000;
/** Every agent is up and every message arrives: after that all must be well. */
const calmMs = 30_000;
/** An agent that leaves says goodbye for so long at most. */
const farewellMs = 3000;
const rule = { interface: "INPUT", src: "10.0.0.0/8" } as const;

export class Scenario {
  readonly #chance: Chance;
  readonly #time = new SimulatedTime();
  readonly #network: SimulatedNetwork;
  readonly #hosts: readonly SimulatedHost[];
  readonly #hasRoster: boolean;
  /** Whether somebody hangs agents below a second parent, too: what is below both is then in conflict. */
  readonly #hasMeddler: boolean;
  readonly #trace: (line: string) => void;
  readonly #violations: string[] = [];
  #answers = 0;
  #incomplete = 0;

  /** `trace` is told what happens, line by line. */
  constructor(seed: number, trace: (line: string) => void = () => undefined) {
    this.#trace = (line) => trace(`${(this.#time.now / 1000).toFixed(3)} ${line}`);
    this.#chance = new Chance(seed);
    this.#network = new SimulatedNetwork(this.#time, this.#chance);
    const count = leastHosts + this.#chance.below(mostHosts - leastHosts + 1);
    this.#hasRoster = this.#chance.happens(0.6);
    this.#hasMeddler = !this.#hasRoster && this.#chance.happens(0.3);
    this.#hosts = Array.from({ length: count }, (_, index) => this.#host(index));
  }

  /** Runs it to its end. */
  async run(): Promise<Result> {
    await this.#time.run(this.#story());
    return { answers: this.#answers, incomplete: this.#incomplete, violations: this.#violations };
  }

  #host(index: number): SimulatedHost {
    const chance = this.#chance;
    const membership = this.#hasRoster ? this.#rosterPlace(index) : this.#staticPlace(index);
    const ahead = chance.happens(0.2) ? chance.between(-5000, 5000) : 0;
    const world = { time: this.#time, network: this.#network, chance, trace: this.#trace };
    return new SimulatedHost(world, { index, membership, ahead });
  }

  #staticPlace(index: number): Belonging {
    return { kind: "static", parent: index === 0 ? undefined : addressOf(this.#chance.below(index)) };
  }

  #rosterPlace(index: number): Belonging {
    const chance = this.#chance;
    if (index === 0) return { kind: "first of a roster", fanOut: 1 + chance.below(4) };
    const seeds = [addressOf(0), addressOf(chance.below(index))];
    return { kind: "roster", seeds, standby: chance.happens(0.3) };
  }

  async #story(): Promise<void> {
    for (const host of this.#hosts) host.start();
    await this.#time.pause(3000);
    await this.#tell(this.#root, { type: "config counter", ...rule });
    const questions = this.#questions();
    while (this.#time.now < stormMs) {
      await this.#time.pause(this.#chance.between(50, 3000));
      this.#disturb();
    }
    await questions;
    await this.#calm();
  }

  /** The first host, unless another one is the root of the roster. */
  get #root(): SimulatedHost {
    return this.#hosts.find(({ reigns }) => reigns) ?? (this.#hosts[0] as SimulatedHost);
  }

  async #questions(): Promise<void> {
    const all: Promise<unknown>[] = [];
    while (this.#time.now < stormMs) {
      await this.#time.pause(this.#chance.between(20, 1500));
      // Any agent may be asked: the network has as many roots as there are askers.
      const host = this.#chance.happens(0.7) ? this.#root : this.#chance.pick(this.#hosts);
      all.push(this.#ask(host, this.#chance.between(30, 2000)));
    }
    await Promise.all(all);
  }

  async #ask(host: SimulatedHost, budgetMs: number): Promise<DigitAnswer | undefined> {
    if (!host.isRunning) return undefined;
    const started = this.#time.now;
    const question = { type: "query counter", ...rule, detail: true, timeout_ms: Math.round(budgetMs) };
    try {
      const answer = (await host.ask(question)) as DigitAnswer;
      this.#trace(`${host.name} answers ${JSON.stringify(answer)}`);
      this.#judge(host, answer, question.timeout_ms, started);
      return answer;
    } catch (error) {
      if (!(error instanceof TallyError)) throw error;
      this.#trace(`${host.name} answers ${error.code}: ${error.message}`);
      return undefined;
    }
  }

  #judge(host: SimulatedHost, answer: DigitAnswer, budgetMs: number, started: number): void {
    const names = this.#hosts.map(({ name }) => name);
    const faults = faultsOf(answer, { names, budgetMs, tookMs: this.#time.now - started });
    for (const fault of faults) this.#violate(`asked ${host.name}: ${fault}`);
    this.#answers += 1;
    if (!answer.coverage.complete) this.#incomplete += 1;
  }

  async #tell(host: SimulatedHost, message: object): Promise<void> {
    if (!host.isRunning) return;
    await host.ask(message).catch((error: unknown) => {
      if (!(error instanceof TallyError)) throw error;
    });
  }

  #disturb(): void {
    const chance = this.#chance;
    const host = chance.pick(this.#hosts);
    const other = chance.pick(this.#hosts);
    const disturbances: readonly (() => void)[] = [
      () => host.kill(),
      () => void host.leave(),
      () => host.start(),
      () => host.start(),
      () => host.start(),
      () => this.#stopFor(host, chance.between(10, 10_000)),
      () => this.#outage(host, chance.between(10, 10_000)),
      () => host.monitor.restart(),
      () => this.#split(),
      () => this.#network.heal(),
      () => this.#changeWeather(),
      () => void this.#tell(host, { type: "config sketch", label: "another" }),
      ...(this.#hasMeddler ? [() => void this.#tell(host, addition(other))] : []),
    ];
    chance.pick(disturbances)();
  }

  #stopFor(host: SimulatedHost, ms: number): void {
    host.stop();
    this.#time.after(ms, () => host.goOn());
  }

  #outage({ monitor }: SimulatedHost, ms: number): void {
    monitor.isDown = true;
    this.#time.after(ms, () => {
      monitor.isDown = false;
    });
  }

  #split(): void {
    const apart = this.#hosts.filter(() => this.#chance.happens(0.3)).map(({ name }) => name);
    this.#trace(`cut off: ${apart.join(", ")}`);
    this.#network.split(apart, 1 + this.#chance.below(3));
  }

  #changeWeather(): void {
    const chance = this.#chance;
    this.#network.weather = chance.happens(0.3)
      ? fairWeather
      : {
          delayMs: chance.between(1, 800),
          loss: chance.between(0, 0.2),
          repeats: chance.between(0, 0.2),
        };
  }

  async #calm(): Promise<void> {
    this.#trace("all is quiet");
    this.#network.heal();
    this.#network.weather = fairWeather;
    for (const host of this.#hosts) {
      host.goOn();
      host.monitor.isDown = false;
    }
    await this.#time.pause(farewellMs);
    for (const host of this.#hosts) host.start();
    if (this.#hasRoster) await this.#time.pause(calmMs);
    else await this.#askOften(calmMs);
    const roots = this.#hosts.filter(({ reigns }) => reigns).map(({ name }) => name);
    if (this.#hasRoster && roots.length !== 1)
      this.#violate(`${roots.length} roots when all is quiet: ${roots.join(", ")}`);
    const answer = await this.#ask(this.#root, 2000);
    if (answer === undefined) return this.#violate("the root does not answer when all is quiet");
    const { missing, revision_behind = [] } = answer.coverage;
    if (this.#hasMeddler) return;
    if (answer.coverage.expected !== this.#hosts.length)
      this.#violate(`${answer.coverage.expected} of ${this.#hosts.length} hosts are known when all is quiet`);
    for (const { host, reason, message } of missing)
      this.#violate(`${host} is missing when all is quiet: ${reason}: ${message}`);
    for (const { host, revisions } of revision_behind)
      this.#violate(`${host} is behind when all is quiet: ${revisions}`);
  }

  // Without a roster nothing is kept but by the monitors: the root may have to be told again, and an agent that lacks a
  // sketch is told it once somebody asked and missed it.
  async #askOften(ms: number): Promise<void> {
    await this.#tell(this.#root, { type: "config counter", ...rule });
    const end = this.#time.now + ms;
    for (; this.#time.now < end; await this.#time.pause(1000)) await this.#ask(this.#root, 2000);
  }

  #violate(sentence: string): void {
    this.#violations.push(`at ${(this.#time.now / 1000).toFixed(3)} s: ${sentence}`);
  }
}

const addition = ({ name }: SimulatedHost) => ({ type: "add leaf agent", agent_addr: name });
