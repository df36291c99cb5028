// An agent's part in a roster, made of the overlay's pieces: what it keeps on disk, and what its log says of it.

import type { FastifyBaseLogger } from "fastify";
import { type AgentAddress, parseAgentAddress, type Request } from "../controller-client/messages/index.js";
import {
  type Ask,
  type Kept,
  Membership,
  type RosterEvent,
  type RosterRecord,
  RosterService,
  recordIn,
  type Self,
  type Send,
  type Time,
  type Tree,
} from "../overlay/index.js";

import type { KeptConfiguration, WantedSet } from "./wanted-set.js";

/** How an agent takes part. */
export interface RosterWish {
  /** Members to join through. */
  readonly seeds: readonly AgentAddress[];
  readonly begin?: { readonly id: string; readonly fanOut: number };
  readonly standby: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly kept: Kept;
  readonly keep: (kept: Kept) => Promise<void>;
  readonly configuration: {
    readonly kept?: KeptConfiguration;
    readonly keep: (kept: KeptConfiguration) => Promise<void>;
  };
  readonly onEvent: (event: RosterEvent) => void;
}

/** Of an agent without a roster. */
export const noWish: RosterWish = {
  seeds: [],
  standby: false,
  labels: {},
  kept: {},
  keep: async () => undefined,
  configuration: { keep: async () => undefined },
  onEvent: () => undefined,
};

export interface RosterParts {
  readonly wish: RosterWish;
  readonly tree: Tree;
  readonly address: AgentAddress;
  readonly incarnation: number;
  readonly monitor: () => string | undefined;
  readonly send: Send;
  readonly ask: Ask;
  readonly wanted: WantedSet;
  readonly time: Time;
  readonly chance: () => number;
}

export function rosterPart(parts: RosterParts) {
  const { wish, tree, address, incarnation, monitor, send, ask, wanted, time, chance } = parts;
  const { seeds, begin, standby, labels, kept, keep, onEvent } = wish;
  const name = { get: () => tree.name, set: (to: string) => tree.rename(to) };
  const self: Self = { name, address, incarnation, labels, standby, monitor };
  const membership = new Membership({
    ...{ self, seeds, kept, keep, send, time, chance },
    onEvent: (event) => {
      onEvent(event);
      if (event.kind === "reigns") void wanted.own();
      if (event.kind === "fenced") void wanted.disown();
    },
    onLease: (lease, from) => void wanted.heed(lease, parseAgentAddress(from.agent_addr)),
    revision: () => wanted.observed,
    ...(begin === undefined ? {} : { begin }),
    fetchRoster: (from, known) => fetchRoster(ask, from, known),
  });
  const roster = new RosterService({ self, membership, leases: tree.leases, send });
  return { membership, roster };
}

const copyMs = 1000;
/** Bytes: 65 536 agents of some 200. */
const longestRoster = 2 ** 24;

async function fetchRoster(
  ask: Ask,
  address: AgentAddress,
  known: number | undefined,
): Promise<RosterRecord | undefined> {
  const since = known === undefined ? {} : { unless_revision: known };
  const request: Request = {
    type: "copy roster",
    form: "partial",
    timeout_ms: copyMs,
    budget_ms: copyMs,
    ...since,
  };
  const { head } = await ask({ address, state: "unknown" }, request, copyMs, longestRoster);
  return head.roster === undefined ? undefined : recordIn(head.roster);
}

/** One line of the log for each event. */
export function logRoster(log: FastifyBaseLogger): (event: RosterEvent) => void {
  return ({ kind, ...facts }) => {
    if (kind === "placed" || kind === "held" || kind === "reigns") log.info(facts, sentences[kind]);
    else log.warn(facts, sentences[kind]);
  };
}

const sentences: { readonly [K in RosterEvent["kind"]]: string } = {
  placed: "the roster gives this agent a place",
  held: "this agent is below another one",
  adrift: "this agent is below nobody",
  reigns: "this agent is the root of its roster",
  fenced: "another root has a higher epoch: this agent is the root no more",
  expelled: "this agent was taken off the roster: start it again to let it join again",
};
