// Who is below this agent, by hand (add) or by the roster (leases), how to ask them, and who should answer but did not.

import {
  type AgentAddress,
  type LeafAgent,
  type MissingReason,
  parseAgentAddress,
  type Request,
} from "../controller-client/messages/index.js";
import { aliveMs, refuseSelf, refuseTaken } from "./admission.js";
import type { Ask } from "./ask.js";
import { type Configured, comparison } from "./behind.js";
import { type Child, Children, hasLapsed, nameOf } from "./children.js";
import { type Gathered, gather, type Question, refuseLoop } from "./gather.js";
import { KnownHosts } from "./known-hosts.js";
import { type RollCallOptions, rollCall, rollCallQuestion } from "./roll-call.js";
import { Leases } from "./roster/leases.js";
import type { Roster } from "./roster/roster.js";
import type { Time } from "./time.js";
import { type TellLimits, WantedState } from "./wanted-state.js";

export interface TreeOptions {
  /** This agent's name, unlike any other agent's. */
  readonly name: string;
  /** Where other agents reach it: such a child would be itself. */
  readonly address: AgentAddress;
  readonly ask: Ask;
  /** The whole configuration, for children that are new or were away. */
  readonly wanted: () => readonly Request[];
  readonly time: Time;
  /** The roster, at its root. */
  readonly roster?: () => Roster | undefined;
  /** Of the root of the roster that it follows, if of any. */
  readonly epoch?: () => number | undefined;
  /** The configuration that children should have. */
  readonly configured?: () => Configured;
}

export class Tree {
  readonly leases: Leases;
  #name: string;
  readonly #options: TreeOptions;
  readonly #time: Time;
  readonly #children = new Children();
  readonly #known: KnownHosts;
  readonly #wanted: WantedState;

  constructor(options: TreeOptions) {
    const { name, ask, wanted, time } = options;
    this.#name = name;
    this.#options = options;
    this.#time = time;
    this.#known = new KnownHosts(time, () => this.#name);
    this.#wanted = new WantedState({ name: () => this.#name, ask, everything: wanted, time });
    this.leases = new Leases({
      children: this.#children,
      known: this.#known,
      elapsed: time.elapsed,
      wanted: this.#configured,
    });
  }

  /** This agent's name. */
  get name(): string {
    return this.#name;
  }

  rename(name: string): void {
    this.#name = name;
  }

  /** Asks this agent and all below it; with `scope` host only this one. Throws TallyError loop. */
  async gather<P>(question: Question<P>, scope: "subtree" | "host" = "subtree"): Promise<Gathered<P>> {
    this.leases.sweep();
    const children = scope === "host" ? [] : this.#present();
    const gathered = await gather(this.#asker(children), question);
    this.#attend(children, gathered);
    const whole = scope === "host" ? gathered : this.#complete(gathered);
    return this.#epoch === undefined ? whole : { ...whole, epoch: this.#epoch };
  }

  /** Tells the agents below of a change, children that are away as soon as they are back. Throws TallyError loop. */
  async tell(request: Request, limits: TellLimits): Promise<void> {
    refuseLoop(this.name, limits.path ?? []);
    await this.#wanted.tell(this.#present(), request, limits);
  }

  /** Adds a child; `added` is false when it was one. Throws bad_request, loop, conflict, too_large. */
  async add(
    agentAddr: string,
    budgetMs: number,
  ): Promise<{ readonly added: boolean; readonly child: Child }> {
    const address = parseAgentAddress(agentAddr);
    const admitting = { asker: this.#asker(this.#present()), self: this.#options.address };
    refuseSelf(admitting, address);
    const present = this.#children.get(address.name);
    if (present !== undefined) {
      void this.#wanted.catchUp(present);
      return { added: false, child: present };
    }
    await refuseTaken(admitting, address, budgetMs / 2);
    const child = this.#children.get(address.name) ?? this.#children.add(address);
    await this.#call([child], budgetMs / 2);
    this.#wanted.markBehind(child);
    return { added: true, child };
  }

  /** Looks after children added by hand that are silent or behind; called every few seconds. */
  async tend(budgetMs: number): Promise<void> {
    this.leases.sweep();
    const children = this.#children.list().filter(({ lease }) => lease === undefined);
    const silent = children.filter((child) => !this.#known.seenWithin(nameOf(child), aliveMs));
    await this.#call(silent, budgetMs);
    const back = children.filter((child) => child.state === "up");
    await Promise.all(back.map((child) => this.#wanted.catchUp(child)));
  }

  /** Who answers below, without asking them to count anything. */
  rollCall(options: RollCallOptions): Promise<Gathered<null>> {
    return this.gather(rollCallQuestion(options), options.request.scope);
  }

  /** The direct children. */
  children(): readonly Child[] {
    return this.#children.list();
  }

  leafAgents(): readonly LeafAgent[] {
    return this.#children.list().map((child) => ({
      agent_addr: child.address.name,
      state: child.state,
      hosts: this.#known.below(child.address.name),
      ...(child.lastSeen === undefined ? {} : { last_seen: child.lastSeen }),
      ...this.#troubles(child),
    }));
  }

  /** Every host ever heard of below this agent. */
  hostsBelow(): readonly string[] {
    return this.#known.names();
  }

  /** The direct child that leads to a host. */
  childTowards(host: string): Child | undefined {
    const direct = this.#children
      .list()
      .find((child) => nameOf(child) === host || child.address.name === host);
    return direct ?? this.#children.get(this.#known.via(host) ?? "");
  }

  /** Those who can be expected to answer. */
  #present(): readonly Child[] {
    return this.#children.list().filter((child) => !hasLapsed(child, this.#time.elapsed()));
  }

  /** Adds to an answer whom it lacks: children whose leases have lapsed, and at the root all of the roster. */
  #complete<P>(gathered: Gathered<P>): Gathered<P> {
    const roster = this.#options.roster?.();
    const isGone = (host: string) => roster?.goneSince(host) !== undefined && roster.get(host) === undefined;
    const missing = new Map(
      gathered.missing.filter(({ host }) => !isGone(host)).map((one) => [one.host, one] as const),
    );
    const answered = new Set(gathered.hosts);
    const miss = (host: string, reason: MissingReason, message: string) => {
      if (answered.has(host) || missing.has(host) || isGone(host)) return;
      const seen = this.#known.lastSeen(host);
      missing.set(host, { host, reason, message, ...(seen === undefined ? {} : { last_seen: seen }) });
    };
    for (const child of this.#children.list().filter((one) => hasLapsed(one, this.#time.elapsed()))) {
      miss(nameOf(child), "timeout", "no sign of life");
      for (const host of this.#known.below(child.address.name))
        miss(host, "timeout", `below ${nameOf(child)}`);
    }
    for (const { name } of roster?.list() ?? []) miss(name, "absent", "it is below nobody for now");
    return { ...gathered, missing: [...missing.values()] };
  }

  get #configured(): () => Configured {
    return this.#options.configured ?? (() => ({ revision: 0, hash: "" }));
  }

  get #epoch(): number | undefined {
    return this.#options.epoch?.();
  }

  #asker(children: readonly Child[]) {
    const { ask, time } = this.#options;
    const compare = comparison(this.#configured, (child) => this.#wanted.isBehind(child));
    return { name: this.#name, children, known: this.#known, ask, time, epoch: this.#epoch, compare };
  }

  #attend<P>(children: readonly Child[], { missing }: Gathered<P>): void {
    const unconfigured = new Set(
      missing.filter(({ reason }) => reason === "no_sketch").map(({ host }) => host),
    );
    for (const child of children.filter(({ lease }) => lease === undefined)) {
      if (unconfigured.has(nameOf(child))) this.#wanted.markBehind(child);
      else if (child.state === "up") void this.#wanted.catchUp(child);
    }
  }

  async #call(children: readonly Child[], budgetMs: number): Promise<void> {
    if (children.length === 0) return;
    await gather(this.#asker(children), rollCallQuestion({ request: rollCall, budgetMs }));
  }

  #troubles(child: Child): { readonly problem?: string; readonly behind?: true } {
    const problem = child.problem ?? this.#wanted.refusalOf(child);
    const { lease } = child;
    const isBehind =
      lease === undefined ? this.#wanted.isBehind(child) : lease.revision < this.#configured().revision;
    const behind = isBehind ? ({ behind: true } as const) : {};
    return problem === undefined ? behind : { problem, ...behind };
  }
}
