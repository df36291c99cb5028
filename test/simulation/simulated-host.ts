// One host of the simulation: the product's own agent over a monitor that counts a digit.

import { pino } from "pino";
import type { Agent, Call } from "../../agent/agent.js";
import { assemble } from "../../agent/assembly.js";
import { startChores } from "../../agent/chores.js";
import { handle } from "../../agent/handlers/index.js";
import { noWish, type RosterWish } from "../../agent/roster-part.js";
import type { KeptConfiguration } from "../../agent/wanted-set.js";
import {
  type AgentAddress,
  decodeRequest,
  encodeFrame,
  frameContentType,
  parseAgentAddress,
  type Request,
  TallyError,
  toErrorBody,
} from "../../controller-client/messages/index.js";
import { AgentLinks, type Kept, type Reply, type RosterEvent } from "../../overlay/index.js";
import type { Chance } from "./chance.js";
import { DigitMonitor } from "./digit-monitor.js";
import type { SimulatedNetwork } from "./simulated-network.js";
import type { SimulatedTime } from "./simulated-time.js";

const rosterId = "00000000-0000-4000-8000-000000000001";
const silent = pino({ level: "silent" });

export interface World {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  /** Told what happens, line by line. */
  readonly trace: (line: string) => void;
}

/** How an agent comes to its place. */
export type Belonging =
  | { readonly kind: "static"; readonly parent: AgentAddress | undefined }
  | { readonly kind: "roster"; readonly seeds: readonly AgentAddress[]; readonly standby: boolean }
  | { readonly kind: "first of a roster"; readonly fanOut: number };

export interface HostOptions {
  readonly index: number;
  readonly membership: Belonging;
  /** How far its clock is ahead, in milliseconds. */
  readonly ahead: number;
}

type Run = { readonly agent: Agent; readonly ending: AbortController };

export class SimulatedHost {
  readonly index: number;
  readonly address: AgentAddress;
  readonly monitor: DigitMonitor;
  readonly #world: World;
  readonly #options: HostOptions;
  /** What its disk holds. */
  #kept: Kept = {};
  #configuration: KeptConfiguration | undefined;
  #run: Run | undefined;
  #stopped: Promise<void> | undefined;
  #goOn: () => void = () => undefined;

  constructor(world: World, options: HostOptions) {
    this.#world = world;
    this.#options = options;
    this.index = options.index;
    this.address = addressOf(options.index);
    this.monitor = new DigitMonitor(options.index);
  }

  get name(): string {
    return this.address.name;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  start(): void {
    if (this.isRunning) return;
    this.#trace("starts");
    const { time, network, chance } = this.#world;
    const { membership, ahead } = this.#options;
    const parent = membership.kind === "static" ? membership.parent : undefined;
    const agent = assemble({
      ...{ version: "0", address: this.address, monitor: this.monitor, wish: this.#wish() },
      links: new AgentLinks(network.transport(this.name)),
      time: time.clocks(ahead),
      chance: () => chance.next(),
      fresh: { uuid: () => uuidBy(chance), secret: () => chance.digits(32) },
      ...(parent === undefined ? {} : { parent }),
    });
    const ending = new AbortController();
    this.#run = { agent, ending };
    startChores(agent, { parent, log: silent, signal: ending.signal });
    network.listen(this.name, (message) => this.#serve(message));
  }

  /** Whether its agent takes itself for the root of a roster. */
  get reigns(): boolean {
    return this.#run?.agent.membership.reign !== undefined;
  }

  /** Ends the agent as SIGTERM does: it says goodbye first. */
  async leave(): Promise<void> {
    this.#trace("leaves");
    const run = this.#run;
    run?.ending.abort();
    await run?.agent.membership.depart();
    if (run === this.#run) this.kill();
  }

  /** Ends the agent as `kill -9` does; its monitor counts on. */
  kill(): void {
    this.#trace("ends");
    this.goOn();
    this.#world.network.leave(this.name);
    this.#run?.ending.abort();
    this.#run = undefined;
  }

  /** Stops the agent as SIGSTOP does: what reaches it waits. */
  stop(): void {
    this.#trace("hangs");
    this.#stopped ??= new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  goOn(): void {
    this.#goOn();
    this.#stopped = undefined;
  }

  /** What a controller beside this host is answered. Rejects with TallyError. */
  async ask(message: object): Promise<unknown> {
    const outcome = await this.#handle(received(message));
    if ("frame" in outcome) throw new Error("a frame for a controller");
    return outcome.json;
  }

  #trace(line: string): void {
    this.#world.trace(`${this.name} ${line}`);
  }

  #wish(): RosterWish {
    const { membership } = this.#options;
    if (membership.kind === "static") return noWish;
    const onEvent = (event: RosterEvent) => this.#trace(JSON.stringify(event));
    const keep = async (kept: Kept): Promise<void> => {
      this.#kept = structuredClone(kept);
    };
    const disk = { kept: this.#kept, keep, configuration: this.#keptConfiguration(), onEvent };
    if (membership.kind === "roster") return { ...noWish, ...disk, ...membership };
    const { fanOut } = membership;
    return { ...noWish, ...disk, standby: true, begin: { id: rosterId, fanOut } };
  }

  #keptConfiguration(): RosterWish["configuration"] {
    const keep = async (kept: KeptConfiguration): Promise<void> => {
      this.#configuration = structuredClone(kept);
    };
    return { keep, ...(this.#configuration === undefined ? {} : { kept: this.#configuration }) };
  }

  // An agent that is killed answers nothing any more, though what it had begun goes on in here.
  async #serve(message: object): Promise<Reply> {
    await this.#stopped;
    const run = this.#run;
    const reply = await this.#reply(message);
    await this.#stopped;
    if (run === undefined || run !== this.#run) return new Promise(() => undefined);
    return reply;
  }

  async #reply(message: object): Promise<Reply> {
    try {
      const outcome = await this.#handle(received(message));
      if ("json" in outcome) return jsonReply(200, outcome.json);
      return { status: 200, contentType: frameContentType, bytes: Buffer.from(encodeFrame(outcome.frame)) };
    } catch (error) {
      if (!(error instanceof TallyError)) throw error;
      return jsonReply(error.status, toErrorBody(error));
    }
  }

  #handle(request: Request) {
    const run = this.#run;
    if (run === undefined) throw new TallyError("unavailable", "nobody listens");
    return handle(run.agent, request, this.#call(run.agent, request));
  }

  #call({ time, now }: Agent, request: Request): Call {
    const budgetMs = request.budget_ms ?? request.timeout_ms;
    const started = time.elapsed();
    return {
      budgetMs,
      leftMs: () => Math.max(1, budgetMs - (time.elapsed() - started)),
      received: now(),
      path: request.path ?? [],
      localAddress: this.address.host,
      signal: new AbortController().signal,
    };
  }
}

export function addressOf(index: number): AgentAddress {
  return parseAgentAddress(`10.0.0.${index + 1}:8000`);
}

// What travels is bytes: nobody shares an object with another host.
const received = (message: object): Request => decodeRequest("application/json", JSON.stringify(message));

function jsonReply(status: number, value: unknown): Reply {
  return { status, contentType: "application/json", bytes: Buffer.from(JSON.stringify(value)) };
}

const uuidBy = (chance: Chance): string =>
  `${chance.digits(8)}-${chance.digits(4)}-4${chance.digits(3)}-8${chance.digits(3)}-${chance.digits(12)}`;
