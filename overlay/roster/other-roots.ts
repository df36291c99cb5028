// How a root finds others of its roster: only the first root and standbys become roots, so two of them meet however
// they came about.

import {
  type AgentAddress,
  parseAgentAddress,
  type RootClaim,
} from "../../controller-client/messages/index.js";
import type { Member, Roster } from "./roster.js";

export interface OtherRootsOptions {
  readonly elapsed: () => number;
  /** Tells another agent which root this one stands for, and hears which one it does. Rejects for want of an answer. */
  readonly ask: (to: AgentAddress) => Promise<RootClaim>;
  readonly heed: (claim: RootClaim) => void;
}

/** Members that a root asks for a root after it, before it reigns again. */
const mostAsked = 5;
const lookMs = 10_000;

export class OtherRoots {
  readonly #options: OtherRootsOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OtherRootsOptions) {
    this.#options = options;
  }

  /** Now and then, at each heartbeat of a root. Never rejects. */
  async look(roster: Roster): Promise<void> {
    const now = this.#options.elapsed();
    if (now - this.#lookedAt < lookMs) return;
    this.#lookedAt = now;
    await this.#compareWith(roster.standbys());
  }

  /** Those who would know of a root that came while this one was away. Never rejects. */
  lookAfterReturn(roster: Roster): Promise<void> {
    return this.#compareWith([...roster.standbys(), ...roster.list().slice(1, 1 + mostAsked)]);
  }

  async #compareWith(others: readonly Member[]): Promise<void> {
    const { ask, heed } = this.#options;
    const addresses = [...new Set(others.map(({ addr }) => addr))].map((addr) => parseAgentAddress(addr));
    for (const one of await Promise.allSettled(addresses.map(ask)))
      if (one.status === "fulfilled") heed(one.value);
  }
}
