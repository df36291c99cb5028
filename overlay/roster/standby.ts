// A standby: keeps a copy of the roster, and knows when the root is dead rather than out of its own sight.

import type { AgentAddress, LeaseAnswer, RootClaim } from "../../controller-client/messages/index.js";
import { parseAgentAddress } from "../../controller-client/messages/index.js";
import { addressOf } from "./claims.js";
import { slotAbove } from "./places.js";
import { type Member, Roster, type RosterRecord } from "./roster.js";

export interface StandbyOptions {
  readonly self: AgentAddress;
  readonly elapsed: () => number;
  /** The roster at its root, or undefined when its revision is the one that is known. Rejects when nobody answers. */
  readonly fetch: (from: AgentAddress, known: number | undefined) => Promise<RosterRecord | undefined>;
  /** How another agent is placed. Rejects when it does not answer. */
  readonly ask: (to: AgentAddress) => Promise<LeaseAnswer>;
}

/** Silence of the root after which the first standby looks whether it is dead; the next ones wait longer. */
export const silenceMs = 6000;
const patienceMs = 3000;
/** Others right below the root that are asked whether they hear it. */
const mostAsked = 8;

export class Standby {
  readonly #options: StandbyOptions;
  #copy: RosterRecord | undefined;
  #heardAt: number;

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.#heardAt = options.elapsed();
  }

  /** Looks after the root, once; gives the roster when it is time to take it over. Never rejects. */
  async watch({ root, roster }: RootClaim): Promise<Roster | undefined> {
    const { fetch, elapsed } = this.#options;
    const known = this.#copy?.id === roster ? this.#copy.revision : undefined;
    try {
      this.#copy = (await fetch(addressOf(root), known)) ?? this.#copy;
      this.#heardAt = elapsed();
      return undefined;
    } catch {
      return this.#copy?.id === roster ? this.#heirTo(new Roster(this.#copy)) : undefined;
    }
  }

  async #heirTo(roster: Roster): Promise<Roster | undefined> {
    const rank = roster.standbys().findIndex(({ addr }) => addr === this.#options.self.name);
    const silent = this.#options.elapsed() - this.#heardAt;
    if (rank < 0 || silent < silenceMs + rank * patienceMs) return undefined;
    return (await this.#othersMissIt(roster)) ? roster : undefined;
  }

  // Whoever reaches none of those beside it is cut off itself; one that has heard the root lately proves its life.
  async #othersMissIt(roster: Roster): Promise<boolean> {
    const { self, ask, elapsed } = this.#options;
    const isBeside = ({ slot }: Member) => slot > 0 && slotAbove(slot, roster.fanOut) === 0;
    const others = roster.list().filter((member) => isBeside(member) && member.addr !== self.name);
    const asked = others.slice(0, mostAsked).map(({ addr }) => ask(parseAgentAddress(addr)));
    const answers = (await Promise.allSettled(asked)).flatMap((one) =>
      one.status === "fulfilled" ? [one.value] : [],
    );
    if (answers.length === 0) return others.length === 0;
    const silent = elapsed() - this.#heardAt;
    return answers.every(({ uprooted_ms }) => uprooted_ms > Math.min(silent, silenceMs) / 2);
  }
}
