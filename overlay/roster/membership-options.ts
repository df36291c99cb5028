// What a membership is given: who the agent is, what it was, and the ways to others, to time and to the disk.

import type { AgentAddress, LeaseAnswer, Peer, RootClaim } from "../../controller-client/messages/index.js";
import type { Time } from "../time.js";
import type { Self } from "./identity.js";
import type { RosterRecord } from "./roster.js";
import type { Send } from "./send.js";

/** What an agent keeps for its next start. */
export interface Kept {
  /** The roster, when it was the root. */
  readonly reign?: RosterRecord;
  /** The root that it last followed. */
  readonly follows?: RootClaim;
  /** The name that the roster gave it. */
  readonly name?: string;
}

export type RosterEvent =
  | { readonly kind: "placed"; readonly parent: string; readonly root: string; readonly epoch: number }
  | { readonly kind: "held"; readonly by: string }
  | { readonly kind: "adrift"; readonly code: string; readonly problem: string }
  | { readonly kind: "reigns"; readonly epoch: number; readonly agents: number }
  | { readonly kind: "fenced"; readonly root: string; readonly epoch: number }
  | { readonly kind: "expelled"; readonly problem: string };

export interface MembershipOptions {
  readonly self: Self;
  /** Members to join through. */
  readonly seeds: readonly AgentAddress[];
  /** Begin a roster, named so, with so many agents below one, unless one is kept. */
  readonly begin?: { readonly id: string; readonly fanOut: number };
  readonly kept: Kept;
  /** Resolves when it will survive a crash. */
  readonly keep: (kept: Kept) => Promise<void>;
  readonly send: Send;
  readonly fetchRoster: (from: AgentAddress, known: number | undefined) => Promise<RosterRecord | undefined>;
  readonly time: Time;
  /** A number from 0 to 1, by chance. */
  readonly chance: () => number;
  /** Told of every lease it is given: it says which configuration there is. */
  readonly onLease: (lease: LeaseAnswer, from: Peer) => void;
  /** Revision of the configuration that it has taken. */
  readonly revision: () => number;
  readonly onEvent: (event: RosterEvent) => void;
}
