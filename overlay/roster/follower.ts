// An agent below a root: it asks for its place, holds one lease there or nearby, and goes where a newer root has it.

import type { RequestInput } from "../../controller-client/index.js";
import {
  type AgentAddress,
  type LeaseAnswer,
  type Peer,
  type PlaceAnswer,
  type RootClaim,
  TallyError,
} from "../../controller-client/messages/index.js";
import { addressOf, claimFields, compareClaims, leaseIn, placeIn } from "./claims.js";
import { type Hold, Holders, uprootedMs } from "./holders.js";
import { joinFields, type Self, sender } from "./identity.js";
import type { Send } from "./send.js";

export interface FollowerOptions {
  readonly self: Self;
  /** Members to join through. */
  readonly seeds: readonly AgentAddress[];
  readonly send: Send;
  readonly elapsed: () => number;
  /** The root that it follows, and what it says of that to others. */
  readonly claim: () => RootClaim | undefined;
  /** Told of its place by the roster, which is new. */
  readonly onPlaced: (place: PlaceAnswer) => Promise<void>;
  readonly onHeld: (holder: Peer, lease: LeaseAnswer) => void;
  /** Revision of the configuration that it has taken. */
  readonly revision: () => number;
}

const messageMs = 700;
const joinMs = 1500;
/** While it is not where the roster has it, it asks that often: the roster may have changed. */
const lookUpMs = 10_000;

export class Follower {
  readonly #options: FollowerOptions;
  #holders: Holders | undefined;
  /** Something says that its place may be another one now; only the root can tell. */
  #isDoubtful = false;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** The monitor that the root was told of. */
  #toldMonitor: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get holder(): Peer | undefined {
    return this.#holders?.holder;
  }

  /** Names of the agents above. */
  get path(): readonly string[] {
    return this.#holders?.path ?? [];
  }

  get uprootedMs(): number {
    return this.#holders?.uprootedMs ?? Number.POSITIVE_INFINITY;
  }

  /** Asks for its place at the next heartbeat. */
  lookUpSoon(): void {
    this.#isDoubtful = true;
    this.#triedAt = Number.NEGATIVE_INFINITY;
  }

  /** One heartbeat. Rejects with TallyError: refused when it was taken off the roster, else for want of a holder. */
  async keepPlace(): Promise<void> {
    if (this.#holders === undefined) await this.#lookUp();
    // Whoever was below nobody may have been taken off the roster meanwhile.
    else if (this.holder === undefined) this.#isDoubtful = true;
    if (this.#toldMonitor !== this.#options.self.monitor()) this.lookUpSoon();
    const failure = await this.#renew();
    // Those around it may be as lost as it is, and a notice of its new place with them.
    if (this.uprootedMs > uprootedMs) this.#isDoubtful = true;
    if (this.#mustLookUp()) await this.#lookUp();
    if (failure !== undefined) throw failure;
  }

  /** Gives why nobody holds it, if so. */
  async #renew(): Promise<unknown> {
    try {
      const lease = await this.#holders?.renew();
      if (lease === undefined || this.holder === undefined)
        return new TallyError("unavailable", "neither its parent nor a backup answers this agent");
      this.#options.onHeld(this.holder, lease);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #mustLookUp(): boolean {
    const mayRest = this.#holders?.isHome === true && !this.#isDoubtful;
    return !mayRest && this.#options.elapsed() - this.#triedAt > lookUpMs;
  }

  /** Asks how another agent is placed (`no`), or to be below it. Rejects with TallyError. */
  async ask(to: AgentAddress, hold: Hold): Promise<LeaseAnswer> {
    const { self, send, claim, revision } = this.#options;
    const own = claim();
    if (own === undefined) throw new TallyError("not_found", "this agent has joined no roster yet");
    const terms = { hold, revision: revision(), budget_ms: messageMs };
    const message = { type: "renew lease", ...sender(self), ...claimFields(own), ...terms } as const;
    const lease = leaseIn(await send(to, message).catch((error: unknown) => this.#doubt(error)));
    if (lease.roster !== own.roster || compareClaims(lease, own) >= 0) return lease;
    throw new TallyError("conflict", `${to.name} follows ${lease.root.agent}, a root that was fenced`);
  }

  /** Goes away from whoever holds it. */
  leaveHolder(): void {
    this.#holders?.leave();
  }

  /** Off the roster, by its own will. Never rejects. */
  async depart(): Promise<void> {
    const root = this.#options.claim()?.root;
    this.leaveHolder();
    if (root !== undefined) await this.#goodbye(root, "roster");
  }

  /** Without an answer it goes on with the place that it had. */
  async #lookUp(): Promise<void> {
    this.#triedAt = this.#options.elapsed();
    try {
      const place = await this.#askPlace();
      this.#isDoubtful = false;
      if (JSON.stringify(this.#holders?.place) !== JSON.stringify(place)) await this.#settle(place);
    } catch (error) {
      const isDecided = error instanceof TallyError && error.code === "refused";
      if (isDecided || this.#holders === undefined) throw error;
    }
  }

  async #settle(place: PlaceAnswer): Promise<void> {
    const { elapsed, onPlaced } = this.#options;
    await onPlaced(place);
    const ask = async (peer: Peer, hold: Hold) =>
      this.#refuseBelow(peer, await this.ask(addressOf(peer), hold));
    const release = (peer: Peer) => void this.#goodbye(peer, "parent");
    const next = new Holders({ place, ask, release, elapsed });
    this.#holders?.handOver(next);
    this.#holders = next;
  }

  /** Asks the root, then whom it was told to join: the first that answers decides. */
  async #askPlace(): Promise<PlaceAnswer> {
    const { self, seeds, claim, send } = this.#options;
    const root = claim()?.root;
    const all = [...(root === undefined ? [] : [addressOf(root)]), ...seeds];
    const targets = new Map(all.map((target) => [target.name, target]));
    targets.delete(self.address.name);
    this.#toldMonitor = self.monitor();
    const message: RequestInput<"join roster"> = {
      type: "join roster",
      ...joinFields(self),
      budget_ms: joinMs,
    };
    let last: unknown = new TallyError("unavailable", "no member of the roster is known");
    for (const target of targets.values()) {
      try {
        return placeIn(await send(target, message));
      } catch (error) {
        last = error;
        if (error instanceof TallyError && ["refused", "conflict"].includes(error.code)) throw error;
      }
    }
    throw last;
  }

  #refuseBelow({ agent }: Peer, lease: LeaseAnswer): LeaseAnswer {
    const own = this.#options.self.name.get();
    if (lease.path.includes(own)) throw new TallyError("loop", `${agent} is below ${own} itself`);
    return lease;
  }

  // One that is of another roster, or of none any more: those that this agent was told to join know better.
  #doubt(error: unknown): never {
    if (error instanceof TallyError && error.code === "not_found") this.lookUpSoon();
    throw error;
  }

  async #goodbye(to: Peer, from: "parent" | "roster"): Promise<void> {
    const { self, send } = this.#options;
    const message = { type: "leave roster", ...sender(self), from, budget_ms: messageMs } as const;
    await send(addressOf(to), message).catch(() => undefined);
  }
}
