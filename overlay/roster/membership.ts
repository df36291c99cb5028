// An agent's part in a roster: below a root, the root itself, or none; and the change from one to the other. Of two roots
// the one with the higher epoch stands, and every agent that hears of it follows it.

import {
  type LeaseAnswer,
  type Peer,
  type PlaceAnswer,
  type RootClaim,
  TallyError,
} from "../../controller-client/messages/index.js";
import { pause } from "../time.js";
import { compareClaims, peerOf, samePeer } from "./claims.js";
import { Follower } from "./follower.js";
import { joinFields, newcomerOf } from "./identity.js";
import type { MembershipOptions } from "./membership-options.js";
import { OtherRoots } from "./other-roots.js";
import { Reign } from "./reign.js";
import { Roster } from "./roster.js";
import { Standby } from "./standby.js";

export const heartbeatMs = 2000;
const retryMs = 500;
const longestMs = 1e9;

type Role = "static" | "member" | "root" | "expelled";

export class Membership {
  readonly #options: MembershipOptions;
  readonly #follower: Follower;
  readonly #otherRoots: OtherRoots;
  #role: Role;
  #reign: Reign | undefined;
  #claim: RootClaim | undefined;
  #standby: Standby | undefined;
  #holder: Peer | undefined;
  #problem: string | undefined;
  /** Kinds of problems that were told since it last had its place. */
  readonly #told = new Set<string>();
  #isReturning: boolean;
  #rouse: () => void = () => undefined;

  constructor(options: MembershipOptions) {
    const { self, seeds, send, time, kept, begin, revision } = options;
    this.#options = options;
    // Where it is told to join counts for more than where it was.
    this.#claim = seeds.length > 0 ? undefined : kept.follows;
    this.#role = seeds.length > 0 || begin !== undefined ? "member" : "static";
    this.#isReturning = this.#role !== "static" && kept.reign !== undefined;
    this.#follower = new Follower({
      ...{ self, seeds, send, revision },
      elapsed: time.elapsed,
      claim: () => this.#claim,
      onPlaced: (place) => this.#onPlaced(place),
      onHeld: (holder, lease) => this.#onHeld(holder, lease),
    });
    this.#otherRoots = new OtherRoots({
      elapsed: time.elapsed,
      ask: (to) => this.#follower.ask(to, "no"),
      heed: (claim) => this.heed(claim),
    });
  }

  get role(): Role {
    return this.#role;
  }

  /** It was the root before it was stopped, and does not know yet whether another one is. */
  get isReturning(): boolean {
    return this.#isReturning;
  }

  /** The root that it stands for; undefined before it has joined, and without a roster. */
  get claim(): RootClaim | undefined {
    return this.#reign?.claim ?? this.#claim;
  }

  /** At the root only. */
  get reign(): Reign | undefined {
    return this.#reign;
  }

  /** Throws conflict at an agent that is not the root. */
  mustReign(): Reign {
    if (this.#reign !== undefined) return this.#reign;
    const root = this.#claim?.root;
    const advice = root === undefined ? "it knows none" : `that is ${root.agent} at ${root.agent_addr}`;
    throw new TallyError("conflict", `this agent is not the root of its roster: ${advice}`);
  }

  /** Who holds it now. */
  get holder(): Peer | undefined {
    return this.#reign === undefined ? this.#follower.holder : undefined;
  }

  /** Milliseconds since the root was known to be above. */
  get uprootedMs(): number {
    return this.#reign === undefined ? Math.min(this.#follower.uprootedMs, longestMs) : 0;
  }

  /** Keeps its place until the signal. Never rejects. */
  async live(signal: AbortSignal): Promise<void> {
    if (this.#role === "static") return;
    await this.begin();
    while (!signal.aborted) {
      const ms = await this.beat();
      await this.#rest(ms * (0.9 + 0.2 * this.#options.chance()), signal);
    }
  }

  /** Takes up what it was before it was stopped, unless somebody else has since. Rejects when it cannot be kept. */
  async begin(): Promise<void> {
    const { kept, begin, self } = this.#options;
    if (this.#role === "static") return;
    if (kept.reign !== undefined) {
      await this.#resume(new Roster(kept.reign));
      this.#isReturning = false;
    } else if (begin !== undefined && kept.follows === undefined) {
      const root = newcomerOf(joinFields(self));
      await this.#ascend(Roster.begin(begin.id, begin.fanOut, root));
    }
  }

  /** One heartbeat; gives the milliseconds until the next. Never rejects. */
  async beat(): Promise<number> {
    if (this.#role === "expelled") return heartbeatMs;
    if (this.#reign === undefined) return (await this.#follow()) === undefined ? heartbeatMs : retryMs;
    await Promise.all([this.#reign.tend(), this.#otherRoots.look(this.#reign.roster)]);
    return heartbeatMs;
  }

  /** Names of the agents above, the root first. */
  get path(): readonly string[] {
    return this.#reign === undefined ? this.#follower.path : [];
  }

  /** Asks the root for its place at once. */
  lookUp(): void {
    this.#follower.lookUpSoon();
    this.#rouse();
  }

  /** Follows a root that fences the one it stood for, whoever tells of it. */
  heed({ roster, tree_epoch, root }: RootClaim): void {
    const own = this.claim;
    const claim = { roster, tree_epoch, root };
    if (own === undefined || own.roster !== roster || compareClaims(claim, own) <= 0) return;
    this.#claim = claim;
    this.#follower.lookUpSoon();
    if (this.#reign === undefined) return;
    this.#reign = undefined;
    this.#role = "member";
    this.#onFenced(claim);
  }

  /** Off the roster, before it ends. A root stays on it, and is missed. Never rejects. */
  async depart(): Promise<void> {
    if (this.#role === "member") await this.#follower.depart();
  }

  async #follow(): Promise<string | undefined> {
    try {
      await this.#follower.keepPlace();
      this.#problem = undefined;
      this.#told.clear();
    } catch (error) {
      this.#onAdrift(error);
    }
    if (this.#role === "member") await this.#watchRoot();
    return this.#problem;
  }

  // Somebody may have become the root while this agent was away: those who would know are asked first.
  async #resume(roster: Roster): Promise<void> {
    const { root } = roster;
    if (root === undefined) return;
    const own = { roster: roster.id, tree_epoch: roster.epoch, root: peerOf(root) };
    this.#claim = own;
    await this.#otherRoots.lookAfterReturn(roster);
    if (this.#claim === own) await this.#ascend(roster);
    else this.#onFenced(this.#claim);
  }

  #reignOver(roster: Roster): Reign {
    const { send, keep } = this.#options;
    return new Reign({ roster, send, save: (record) => keep({ reign: record }) });
  }

  async #ascend(roster: Roster): Promise<void> {
    const reign = this.#reignOver(roster);
    await reign.save();
    this.#crown(reign);
  }

  async #takeOver(roster: Roster, epochs: number): Promise<void> {
    const reign = this.#reignOver(roster);
    await reign.takeOver(this.#options.self.name.get(), epochs);
    this.#follower.leaveHolder();
    this.#standby = undefined;
    this.#crown(reign);
  }

  #crown(reign: Reign): void {
    this.#reign = reign;
    this.#claim = reign.claim;
    this.#role = "root";
    const { epoch, size } = reign.roster;
    this.#options.onEvent({ kind: "reigns", epoch, agents: size });
  }

  #onFenced(claim: RootClaim): void {
    this.#options.onEvent({ kind: "fenced", root: claim.root.agent, epoch: claim.tree_epoch });
    void this.#options.keep({ follows: claim }).catch(() => undefined);
  }

  async #onPlaced({ agent, parent, backups: _, ...claim }: PlaceAnswer): Promise<void> {
    const { self, keep, onEvent } = this.#options;
    this.#claim = claim;
    if (agent !== self.name.get()) self.name.set(agent);
    await keep({ follows: claim, name: agent });
    onEvent({ kind: "placed", parent: parent.agent, root: claim.root.agent, epoch: claim.tree_epoch });
  }

  #onHeld(holder: Peer, lease: LeaseAnswer): void {
    if (!samePeer(holder, this.#holder)) this.#options.onEvent({ kind: "held", by: holder.agent });
    this.#holder = holder;
    this.heed(lease);
    this.#options.onLease(lease, holder);
  }

  #onAdrift(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    const code = error instanceof TallyError ? error.code : "internal";
    if (code === "refused") {
      this.#follower.leaveHolder();
      this.#role = "expelled";
      this.#options.onEvent({ kind: "expelled", problem });
    } else if (!this.#told.has(code)) this.#options.onEvent({ kind: "adrift", code, problem });
    this.#told.add(code);
    this.#problem = problem;
  }

  async #watchRoot(): Promise<void> {
    const { self, time, fetchRoster } = this.#options;
    if (!self.standby || this.#claim === undefined) return;
    this.#standby ??= new Standby({
      self: self.address,
      elapsed: time.elapsed,
      fetch: fetchRoster,
      ask: (to) => this.#follower.ask(to, "no"),
    });
    const roster = await this.#standby.watch(this.#claim);
    if (roster === undefined || this.#role !== "member") return;
    await this.#takeOver(roster, this.#claim.tree_epoch);
  }

  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const roused = new AbortController();
    this.#rouse = () => roused.abort();
    signal.addEventListener("abort", this.#rouse, { once: true });
    await pause(this.#options.time, ms, roused.signal);
    signal.removeEventListener("abort", this.#rouse);
  }
}
