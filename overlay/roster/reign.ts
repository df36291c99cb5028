// What the root does with the roster: lets agents join, leave, be expelled and renamed, writes every change down before
// it answers, and tells those whose place has become another one.

import {
  type AgentAddress,
  type PlaceAnswer,
  parseAgentAddress,
  type RootClaim,
  TallyError,
} from "../../controller-client/messages/index.js";
import { claimFields, peerOf } from "./claims.js";
import type { Member, Newcomer, Roster, RosterRecord } from "./roster.js";
import type { Send } from "./send.js";

export interface ReignOptions {
  readonly roster: Roster;
  readonly send: Send;
  /** Resolves when it will survive a crash. */
  readonly save: (record: RosterRecord) => Promise<void>;
}

/** A notice that cannot be delivered for so many heartbeats is dropped: an agent that is started asks for its place. */
const mostTries = 15;
const noticeMs = 500;
/** A busy agent is not dead. */
const probeMs = 1000;

interface Notice {
  readonly to: AgentAddress;
  /** The name that it has from now on, if it was renamed. */
  readonly name?: string;
  tries: number;
  /** To a root of before: until it has heard that it is none any more. */
  readonly fences?: true;
}

export class Reign {
  readonly roster: Roster;
  readonly #options: ReignOptions;
  readonly #notices = new Map<string, Notice>();
  /** Addresses of rivals that have let one question wait. */
  readonly #silent = new Set<string>();
  #saving: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: ReignOptions) {
    this.#options = options;
    this.roster = options.roster;
  }

  get claim(): RootClaim {
    const { id, epoch, root } = this.roster;
    if (root === undefined) throw new TallyError("internal", "a roster without a root");
    return { roster: id, tree_epoch: epoch, root: peerOf(root) };
  }

  /**
   * Throws conflict for a name or monitor that a living agent has, unavailable while it is not known to live, refused
   * for an agent that was expelled.
   */
  async join(newcomer: Newcomer): Promise<PlaceAnswer> {
    const rivals = this.roster.rivals(newcomer);
    for (const rival of rivals) await this.#refuseIfAlive(rival, newcomer);
    const join = () => this.roster.join(newcomer);
    // Nobody else moves for one who is new.
    const member = rivals.length === 0 ? join() : this.#move(join);
    await this.save();
    const { parent, backups } = this.roster.placeOf(member);
    if (parent === undefined) throw new TallyError("conflict", `${member.name} is the root itself`);
    return {
      ...this.claim,
      agent: member.name,
      parent: peerOf(parent),
      backups: backups.map(peerOf),
    };
  }

  /** Throws not_found, conflict. */
  async remove(name: string): Promise<Member> {
    const member = this.#move(() => this.roster.remove(name));
    await this.save();
    return member;
  }

  /** As remove, and the agent is told: it asks for its place, and hears that it has none. Throws not_found, conflict. */
  async expel(name: string): Promise<Member> {
    const member = await this.remove(name);
    this.#notices.set(member.name, { to: parseAgentAddress(member.addr), tries: 0 });
    return member;
  }

  /** Throws not_found, conflict. */
  async rename(name: string, to: string): Promise<Member> {
    const member = this.#move(() => this.roster.rename(name, to));
    await this.save();
    this.#notices.set(name, { to: parseAgentAddress(member.addr), name: to, tries: 0 });
    return member;
  }

  /** Makes this agent the root in place of another one, which is told as soon as it is back. */
  async takeOver(name: string, epochs: number): Promise<void> {
    const before = this.roster.root;
    this.#move(() => this.roster.takeOver(name, epochs));
    await this.save();
    if (before === undefined || before.name === name) return;
    this.#notices.set(before.name, { to: parseAgentAddress(before.addr), tries: 0, fences: true });
  }

  /** Tries to deliver the notices that are left; called at every heartbeat. Never rejects. */
  async tend(): Promise<void> {
    await Promise.all([...this.#notices].map(([name, notice]) => this.#deliver(name, notice)));
  }

  /** Writes the roster down as it is. */
  save(): Promise<void> {
    // One write takes along all changes made while the one before it was under way.
    this.#next ??= (this.#saving ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#saving = this.#options.save(this.roster.record());
        return this.#saving;
      });
    return this.#next;
  }

  /** Makes a change, and a notice for each member that has another parent by it. */
  #move<T>(change: () => T): T {
    const before = this.roster.parents();
    const result = change();
    for (const [name, parent] of this.roster.parents()) {
      const member = this.roster.get(name);
      if (member === undefined || parent === undefined || before.get(name) === parent) continue;
      this.#notices.set(name, { to: parseAgentAddress(member.addr), tries: 0 });
    }
    return result;
  }

  async #deliver(key: string, notice: Notice): Promise<void> {
    const { to, name } = notice;
    const renamed = name === undefined ? {} : { name };
    const message = {
      type: "rejoin roster",
      ...claimFields(this.claim),
      ...renamed,
      budget_ms: noticeMs,
    } as const;
    try {
      await this.#options.send(to, message);
      if (this.#notices.get(key) === notice) this.#notices.delete(key);
    } catch {
      notice.tries += 1;
      if (notice.tries >= mostTries && notice.fences === undefined) this.#notices.delete(key);
    }
  }

  // A rival at the newcomer's own address was there before it; one elsewhere is asked.
  async #refuseIfAlive(rival: Member, newcomer: Newcomer): Promise<void> {
    const isRoot = rival.slot === 0;
    if (rival.addr === newcomer.addr && !isRoot) return;
    if (!isRoot && (await this.#nameAt(rival)) !== rival.name) return;
    throw rivalError(rival, newcomer);
  }

  /** Undefined where nobody is. Throws unavailable the first time that an agent is slow: it may be busy. */
  async #nameAt({ addr, name }: Member): Promise<string | undefined> {
    const wasSilent = this.#silent.delete(addr);
    try {
      const status = await this.#options.send(parseAgentAddress(addr), {
        type: "query status",
        budget_ms: probeMs,
      });
      return status.name;
    } catch (error) {
      const isSlow = error instanceof TallyError && error.code === "timeout";
      if (!isSlow || wasSilent) return undefined;
      this.#silent.add(addr);
      const message = `${name} at ${addr} does not answer: it is taken for dead if it does not the next time either`;
      throw new TallyError("unavailable", message);
    }
  }
}

function rivalError(rival: Member, { name, addr }: Newcomer): TallyError {
  if (rival.name === name) {
    const message = `${rival.addr} has the name ${name} already: start the one at ${addr} with another --name`;
    return new TallyError("conflict", message, { field: "agent" });
  }
  const what = rival.addr === addr ? "listens at the same address" : "counts by the same monitor";
  const message = `${rival.name} at ${rival.addr} ${what}: a host has one agent, or its packets count twice`;
  return new TallyError("conflict", message, { field: rival.addr === addr ? "agent_addr" : "monitor" });
}
