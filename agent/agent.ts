// The parts of one agent, made in main (or in a test) and passed down; and what a handler gets with each message.

import type {
  AgentAddress,
  Frame,
  Request,
  RequestOf,
  RequestType,
} from "../controller-client/messages/index.js";
import type { Monitor } from "../monitor/client.js";
import type { AgentLinks, Membership, RosterService, TellLimits, Time, Tree } from "../overlay/index.js";
import type { Alerts } from "./alerts.js";
import type { Algebra } from "./algebra.js";
import type { Bandwidth } from "./bandwidth/bandwidth.js";
import type { Fresh } from "./fresh.js";
import type { OwnHost } from "./own-host.js";
import type { RootAlerts } from "./root-alerts.js";
import type { SketchBook } from "./sketch-book.js";
import type { Upkeep } from "./upkeep.js";
import type { WantedSet } from "./wanted-set.js";

export interface Agent {
  readonly name: string;
  readonly version: string;
  /** Where other agents reach it. */
  readonly address: AgentAddress;
  readonly parent?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly time: Time;
  /** That of `time`. */
  readonly now: () => number;
  readonly fresh: Fresh;
  readonly monitor: Monitor;
  readonly algebra: Algebra;
  readonly book: SketchBook;
  readonly own: OwnHost;
  readonly upkeep: Upkeep;
  readonly tree: Tree;
  readonly membership: Membership;
  readonly roster: RosterService;
  readonly wanted: WantedSet;
  readonly alerts: Alerts;
  readonly rootAlerts: RootAlerts;
  readonly links: Pick<AgentLinks, "send">;
  readonly bandwidth: Bandwidth;
}

/** What came with a message besides its fields. */
export interface Call {
  /** Milliseconds for the whole answer. */
  readonly budgetMs: number;
  /** Milliseconds that are left of them. */
  readonly leftMs: () => number;
  /** When it came: milliseconds since 1970, by this agent's clock. */
  readonly received: number;
  /** Names of the agents above. */
  readonly path: readonly string[];
  /** The address of this host that the message came to. */
  readonly localAddress: string | undefined;
  /** Aborted when the asker is gone. */
  readonly signal: AbortSignal;
}

/** A JSON value, or between agents a frame. */
export type Outcome = { readonly json: unknown } | { readonly frame: Frame<object> };

/** Carries out one message. Rejects with TallyError. */
export type Handler<T extends RequestType> = (
  agent: Agent,
  request: RequestOf<T>,
  call: Call,
) => Promise<Outcome>;

/** The limits of what is passed on to the agents below. */
export const tellLimits = ({ leftMs, path }: Call): TellLimits => ({ budgetMs: leftMs(), path });

/** What the own monitor is given of the time that is left: the answer takes some too. */
export const monitorMs = ({ leftMs }: Call): number => leftMs() * monitorShare;

const monitorShare = 0.9;

/** True when a parent asks, and wants what can be added up. */
export const isRelayed = ({ form }: Request): boolean => form === "partial";

/** The answer to a change: a text for controllers, a frame that only says who took it for agents. */
export function done(agent: Agent, request: Request, json: unknown): Outcome {
  if (!isRelayed(request)) return { json };
  return { frame: { head: { name: agent.name }, body: new Uint8Array() } };
}
