// Every message type and who handles it.

import type { Request, RequestType } from "../../controller-client/messages/index.js";
import { type Agent, type Call, type Handler, isRelayed, type Outcome } from "../agent.js";
import { queryAlerts } from "./alerts.js";
import { queryBw, serveBw } from "./bandwidth.js";
import { queryChange } from "./change.js";
import { querySketch } from "./counts.js";
import { queryDistinct } from "./distinct.js";
import { queryDistribution } from "./distribution.js";
import { queryEntropy } from "./entropy.js";
import { queryHeavyHitters } from "./heavy-hitters.js";
import { queryKeyIntervals } from "./key-intervals.js";
import { addLeafAgent, queryLeafAgents } from "./leaves.js";
import { queryRealTimeCounter } from "./real-time.js";
import {
  copyConfiguration,
  copyRoster,
  expelAgent,
  joinRoster,
  leaveRoster,
  queryRoster,
  rejoinRoster,
  renameAgent,
  renewLease,
} from "./roster.js";
import { configCounter, queryCounter } from "./rules.js";
import { querySizes } from "./sizes.js";
import { configSketch, configSketchCounter, deleteSketch, querySketches } from "./sketches.js";
import { querySpread } from "./spread.js";
import { queryStatus } from "./status.js";
import { queryTaxonomy } from "./taxonomy.js";
import { queryTop } from "./top.js";
import { unwatch, watch } from "./watches.js";

const handlers: { readonly [T in RequestType]: Handler<T> } = {
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
  "query sizes": querySizes,
  "query taxonomy": queryTaxonomy,
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
};

/** Carries out one message. Rejects with TallyError. */
export async function handle(agent: Agent, request: Request, call: Call): Promise<Outcome> {
  if (isRelayed(request)) agent.roster.admit(call.path, request.epoch);
  const handler = handlers[request.type] as Handler<RequestType>;
  return handler(agent, request, call);
}
