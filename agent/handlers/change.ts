// `query change`: the keys whose counts differ most between two windows, over all hosts asked.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { bareChanges, changedKeys, changesOf, totalsOf } from "../changes.js";
import { type Counting, countOver, windowOf, withoutSketch } from "../counting.js";
import { type Compared, comparedCodec } from "../payloads/compared.js";
import type { LedgerKind } from "../payloads/ledgers.js";
import { bareCount, unitOf } from "../render.js";
import { comparedSpans } from "../windows.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query change">;

export const queryChange: Handler<"query change"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, change(agent, query, located));
};

function change(agent: Agent, query: Query, located: Located): Counting<Compared> {
  const { sketch, counter, request } = located;
  const { window, before } = comparedSpans(query, agent.now());
  const kind = ledgerKind(agent, located);
  const changes = (compared: Compared) => changesOf(kind, compared, query);
  return {
    request: { ...request, window, before } as Query,
    window,
    own: (budgetMs) =>
      agent.own.compared({ sketch, counter, window, detail: query.detail, budgetMs }, before),
    codec: comparedCodec(kind),
    bare: (compared) => bareChanges(changes(compared)),
    detail: (compared) => detailOf(kind, compared, query, unitOf(counter.increment)),
  };
}

function detailOf(kind: LedgerKind, compared: Compared, query: Query, unit: string): object {
  const changes = changesOf(kind, compared, query);
  const totals = totalsOf(kind, compared);
  return {
    value: bareChanges(changes),
    keys: changedKeys(changes),
    before: windowOf(compared.before, compared.before),
    total: bareCount({ lower: totals.after, upper: totals.after }),
    total_before: bareCount({ lower: totals.before, upper: totals.before }),
    exact: changes.every(({ lower, upper }) => lower === upper),
    unit,
  };
}
