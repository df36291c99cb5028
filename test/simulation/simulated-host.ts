// One host of the simulation: the product's own agent over a monitor that counts a digit.

import { pino } from "pino";
import type { Agent, Call } from "../../agent/agent.js";
import { assemble } from "../../agent/assembly.js";
import { startChores } from "../../agent/chores.js";
import { handle } from "../../agent/handlers/index.js";
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
import { AgentLinks, type Reply } from "../../overlay/index.js";
import { DigitMonitor } from "./digit-monitor.js";
import type { SimulatedNetwork } from "./simulated-network.js";
import type { SimulatedTime } from "./simulated-time.js";

const silent = pino({ level: "silent" });

export interface World {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
}

export interface HostOptions {
  readonly index: number;
  /** The host that its agent announces itself to. */
  readonly parent: AgentAddress | undefined;
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
    const { time, network } = this.#world;
    const { parent, ahead } = this.#options;
    const links = new AgentLinks(network.transport(this.name));
    const chosen = parent === undefined ? {} : { parent };
    const { address, monitor } = this;
    const agent = assemble({ version: "0", address, monitor, links, time: time.clocks(ahead), ...chosen });
    const ending = new AbortController();
    this.#run = { agent, ending };
    startChores(agent, { parent, log: silent, signal: ending.signal });
    network.listen(this.name, (message) => this.#serve(message));
  }

  /** Ends the agent as `kill -9` does; its monitor counts on. */
  kill(): void {
    this.goOn();
    this.#world.network.leave(this.name);
    this.#run?.ending.abort();
    this.#run = undefined;
  }

  /** Stops the agent as SIGSTOP does: what reaches it waits. */
  stop(): void {
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
