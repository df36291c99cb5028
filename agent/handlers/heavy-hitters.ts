// `query heavy hitters`: keys above a share of some host's total (or of the network's, or the top k), counted over all.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { viewOf } from "../ledger-view.js";
import { type Hitters, hittersCodec } from "../payloads/hitters.js";
import { bareRows, rowsDetail, unitOf } from "../render.js";
import { type SecondRound, seenAgain } from "../second-round.js";
import { openKeys, select } from "../selection.js";
import { resolved } from "../windows.js";
import { againAbout } from "./key-intervals.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query heavy hitters">;

export const queryHeavyHitters: Handler<"query heavy hitters"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, heavyHitters(agent, query, located));
};

function heavyHitters(agent: Agent, query: Query, located: Located): Counting<Hitters> {
  const { sketch, counter } = located;
  const { detail, share_of, k, group_by: groupBy, threshold = counter.threshold } = query;
  const { window, request } = resolved(query, agent.now());
  const asked = { ...located.request, ...request } as Query;
  const kind = ledgerKind(agent, located);
  const view = viewOf(kind, groupBy);
  const selection = { threshold, share_of, k };
  const rows = (hitters: Hitters, again?: SecondRound) =>
    select(seenAgain(view, hitters.ledger, again), hitters, selection);
  const here = share_of === "host" && k === undefined ? threshold : undefined;
  return {
    // Every host must judge by the same threshold, and its own counter may have another.
    request: { ...asked, threshold },
    window,
    own: (budgetMs) => agent.own.hitters({ sketch, counter, window, groupBy, detail, budgetMs }, here),
    codec: hittersCodec(kind, view.keyType, threshold),
    bare: (hitters, again) => bareRows(rows(hitters, again)),
    detail: (hitters, again) => rowsDetail(rows(hitters, again), unitOf(counter.increment)),
    ...(query.refine && {
      refine: (hitters: Hitters) =>
        againAbout(agent, located, { ...asked, threshold }, openKeys(view, hitters, selection)),
    }),
  };
}
