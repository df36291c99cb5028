// Whose child an agent is: its parent while that answers, else one of its backups, and never two at once. The agent
// itself decides, and answers the questions of that one only, so that no host is below two.

import type { LeaseAnswer, Peer, PlaceAnswer } from "../../controller-client/messages/index.js";
import { samePeer } from "./claims.js";

export type Hold = "parent" | "backup" | "no";

/** Asks an agent for a lease, or with `no` only how it is placed. Rejects with TallyError. */
export type AskLease = (from: Peer, hold: Hold) => Promise<LeaseAnswer>;

export interface HoldersOptions {
  readonly place: PlaceAnswer;
  readonly ask: AskLease;
  /** Tells one that it holds this agent no more; never rejects. */
  readonly release: (from: Peer) => void;
  readonly elapsed: () => number;
}

/** Failures in a row after which a holder is given up. */
const mostStrikes = 2;
/** Without word from the root for so long, another holder may be nearer to it. */
export const uprootedMs = 8000;

export class Holders {
  readonly place: PlaceAnswer;
  readonly #options: HoldersOptions;
  #holder: Peer | undefined;
  #path: readonly string[] = [];
  #strikes = 0;
  #rootedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HoldersOptions) {
    this.#options = options;
    this.place = options.place;
  }

  /** Whose questions are answered. */
  get holder(): Peer | undefined {
    return this.#holder;
  }

  /** Names of the agents above. */
  get path(): readonly string[] {
    return this.#holder === undefined ? [] : this.#path;
  }

  /** True while it is where the roster has it. */
  get isHome(): boolean {
    return samePeer(this.#holder, this.place.parent);
  }

  /** Milliseconds since the root was known to be at the other end. */
  get uprootedMs(): number {
    return this.#options.elapsed() - this.#rootedAt;
  }

  /** Renews the lease, or finds another holder. Gives the lease, or undefined when nobody holds it for now. */
  async renew(): Promise<LeaseAnswer | undefined> {
    const home = this.isHome ? undefined : await this.#tryHome();
    const lease = home ?? (await this.#renewHere()) ?? (await this.#goElsewhere());
    if (lease !== undefined && this.uprootedMs > uprootedMs) return (await this.#nearer()) ?? lease;
    return lease;
  }

  /** Another place: who holds this agent goes on until that place's holder is found. */
  handOver(next: Holders): void {
    next.#holder = this.#holder;
    next.#path = this.#path;
    next.#rootedAt = this.#rootedAt;
    this.#holder = undefined;
  }

  /** Goes away from whoever holds it. */
  leave(): void {
    if (this.#holder !== undefined) this.#options.release(this.#holder);
    this.#holder = undefined;
    this.#path = [];
  }

  // A parent that has lost the root is no better than the backup that has not.
  async #tryHome(): Promise<LeaseAnswer | undefined> {
    const { parent } = this.place;
    const seen = await this.#options.ask(parent, "no").catch(() => undefined);
    if (seen === undefined) return undefined;
    const isWorse = seen.uprooted_ms > uprootedMs && this.#holder !== undefined;
    return isWorse ? undefined : this.#moveTo(parent);
  }

  async #renewHere(): Promise<LeaseAnswer | undefined> {
    const holder = this.#holder;
    if (holder === undefined) return undefined;
    try {
      return this.#take(holder, await this.#options.ask(holder, this.#holdOf(holder)));
    } catch (error) {
      this.#strikes += 1;
      if (this.#strikes < mostStrikes) throw error;
      this.leave();
      return undefined;
    }
  }

  async #goElsewhere(): Promise<LeaseAnswer | undefined> {
    for (const candidate of this.place.backups) {
      const lease = await this.#moveTo(candidate);
      if (lease !== undefined) return lease;
    }
    return undefined;
  }

  /** One of the others that has heard from the root lately. */
  async #nearer(): Promise<LeaseAnswer | undefined> {
    const { parent, backups } = this.place;
    const others = [parent, ...backups].filter((peer) => !samePeer(peer, this.#holder));
    for (const other of others) {
      const seen = await this.#options.ask(other, "no").catch(() => undefined);
      if (seen === undefined || seen.uprooted_ms > uprootedMs / 2) continue;
      const lease = await this.#moveTo(other);
      if (lease !== undefined) return lease;
    }
    return undefined;
  }

  // Until the new one has said yes, only questions of the old one are answered; from then on only those of the new one.
  async #moveTo(peer: Peer): Promise<LeaseAnswer | undefined> {
    try {
      const lease = await this.#options.ask(peer, this.#holdOf(peer));
      if (!samePeer(peer, this.#holder)) this.leave();
      return this.#take(peer, lease);
    } catch {
      return undefined;
    }
  }

  #take(holder: Peer, { path, uprooted_ms, ...rest }: LeaseAnswer): LeaseAnswer {
    this.#holder = holder;
    this.#path = path;
    this.#strikes = 0;
    this.#rootedAt = this.#options.elapsed() - uprooted_ms;
    return { ...rest, path, uprooted_ms };
  }

  #holdOf = (peer: Peer): Hold => (samePeer(peer, this.place.parent) ? "parent" : "backup");
}
