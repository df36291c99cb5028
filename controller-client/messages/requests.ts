// All messages: one schema per type, their union, and the way from a plain object to a complete message.

import {
  type QueryDistinct,
  type QueryDistribution,
  type QueryEntropy,
  type QueryKeyIntervals,
  type QuerySpread,
  type QueryTaxonomy,
  type QueryTop,
  queryDistinct,
  queryDistribution,
  queryEntropy,
  queryKeyIntervals,
  querySpread,
  queryTaxonomy,
  queryTop,
} from "./counter-queries.js";
import {
  type AddLeafAgent,
  addLeafAgent,
  type ConfigCounter,
  configCounter,
  type QueryBw,
  type QueryCounter,
  type QueryLeafAgents,
  type QueryStatus,
  queryBw,
  queryCounter,
  queryLeafAgents,
  queryStatus,
  type ServeBw,
  serveBw,
} from "./host-requests.js";
import {
  type CopyConfiguration,
  type CopyRoster,
  copyConfiguration,
  copyRoster,
  type ExpelAgent,
  expelAgent,
  type JoinRoster,
  joinRoster,
  type LeaveRoster,
  leaveRoster,
  type QueryRoster,
  queryRoster,
  type RejoinRoster,
  type RenameAgent,
  type RenewLease,
  rejoinRoster,
  renameAgent,
  renewLease,
} from "./roster-requests.js";
import {
  type ConfigSketch,
  type ConfigSketchCounter,
  configSketch,
  configSketchCounter,
  type DeleteSketch,
  deleteSketch,
  type QueryChange,
  type QueryHeavyHitters,
  type QueryRealTimeCounter,
  type QuerySizes,
  type QuerySketch,
  type QuerySketches,
  queryChange,
  queryHeavyHitters,
  queryRealTimeCounter,
  querySizes,
  querySketch,
  querySketches,
} from "./sketch-requests.js";
import { type QueryAlerts, queryAlerts, type Unwatch, unwatch, type Watch, watch } from "./watch-requests.js";

/** A message as the receiver sees it: checked, with every default filled in. */
export type Request =
  | ConfigSketch
  | ConfigSketchCounter
  | QuerySketch
  | QueryHeavyHitters
  | QueryRealTimeCounter
  | QueryTop
  | QueryDistinct
  | QueryEntropy
  | QueryDistribution
  | QueryKeyIntervals
  | QuerySpread
  | QueryTaxonomy
  | QuerySizes
  | QueryChange
  | DeleteSketch
  | QuerySketches
  | Watch
  | Unwatch
  | QueryAlerts
  | ConfigCounter
  | QueryCounter
  | QueryBw
  | ServeBw
  | QueryStatus
  | AddLeafAgent
  | QueryLeafAgents
  | QueryRoster
  | ExpelAgent
  | RenameAgent
  | JoinRoster
  | RejoinRoster
  | RenewLease
  | LeaveRoster
  | CopyRoster
  | CopyConfiguration;

export type RequestType = Request["type"];

/** The message of one type. */
export type RequestOf<T extends RequestType> = Extract<Request, { readonly type: T }>;

/** The schema of every message type, with limits, defaults and descriptions. */
export const requestSchemas = {
  "config sketch": configSketch,
  "config sketch counter": configSketchCounter,
  "query sketch": querySketch,
  "query heavy hitters": queryHeavyHitters,
  "query real time counter": queryRealTimeCounter,
  "query top": queryTop,
  "query distinct": queryDistinct,
  "query entropy": queryEntropy,
  "query distribution": queryDistribution,
  "query spread": querySpread,
  "query taxonomy": queryTaxonomy,
  "query sizes": querySizes,
  "query change": queryChange,
  "query key intervals": queryKeyIntervals,
  "delete sketch": deleteSketch,
  "query sketches": querySketches,
  watch,
  unwatch,
  "query alerts": queryAlerts,
  "config counter": configCounter,
  "query counter": queryCounter,
  "query bw": queryBw,
  "serve bw": serveBw,
  "query status": queryStatus,
  "add leaf agent": addLeafAgent,
  "query leaf agents": queryLeafAgents,
  "query roster": queryRoster,
  "expel agent": expelAgent,
  "rename agent": renameAgent,
  "join roster": joinRoster,
  "rejoin roster": rejoinRoster,
  "renew lease": renewLease,
  "leave roster": leaveRoster,
  "copy roster": copyRoster,
  "copy configuration": copyConfiguration,
} as const;

export const requestTypes = Object.keys(requestSchemas) as readonly RequestType[];

/** Fields that only agents send, to each other. */
export interface Relay {
  /** Answer with a frame that can be merged, instead of JSON. */
  readonly form?: "partial";
  /** UUID of the sketch, instead of `sketch_id`. */
  readonly sketch?: string;
  /** Milliseconds that are left for the answer. */
  readonly budget_ms?: number;
  /** Names of the agents above, the root first; finds loops. */
  readonly path?: readonly string[];
  /** Digest of the hosts that the asker knows to be below and need not be told. */
  readonly known?: string;
  /** UUID of a watch, instead of `watch_id`. */
  readonly watch?: string;
  /** UUID of a sketch that is made. */
  readonly uuid?: string;
  /** 32 hexadecimal characters; sketches merge only when they share it. */
  readonly secret?: string;
}
