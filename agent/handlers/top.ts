// `query top`: the k largest keys over all hosts asked, and which of their ranks are certain.

import { type RequestOf, toCount } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { viewOf } from "../ledger-view.js";
import { ledgerCodec } from "../payloads/ledgers.js";
import { ranked } from "../ranking.js";
import { type Row, rowsDetail, type Unit, unitOf } from "../render.js";
import { type SecondRound, seenAgain } from "../second-round.js";
import { openRanks } from "../selection.js";
import { resolved } from "../windows.js";
import { againAbout } from "./key-intervals.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query top">;

export const queryTop: Handler<"query top"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, top(agent, query, located));
};

function top(agent: Agent, query: Query, located: Located): Counting<Uint8Array> {
  const { k, group_by, detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const { request, sketch, counter } = located;
  const kind = ledgerKind(agent, located);
  const view = viewOf(kind, group_by);
  const asked = { ...request, ...absolute } as Query;
  const rows = (ledger: Uint8Array, again?: SecondRound) => ranked(seenAgain(view, ledger, again), ledger, k);
  return {
    request: asked,
    window,
    own: (budgetMs) => agent.own.ledger({ sketch, counter, window, detail, budgetMs }),
    codec: ledgerCodec(kind),
    bare: (ledger, again) => inOrder(rows(ledger, again)),
    detail: (ledger, again) => topDetail(rows(ledger, again), unitOf(counter.increment)),
    ...(query.refine && {
      refine: (ledger: Uint8Array) => againAbout(agent, located, asked, openRanks(view, ledger, k)),
    }),
  };
}

const inOrder = (rows: readonly Row[]) => new Map(rows.map(({ key, lower }) => [key, toCount(lower)]));

const topDetail = (rows: readonly Row[], unit: Unit) => ({
  ...rowsDetail(rows, unit),
  value: Object.fromEntries(inOrder(rows)),
  order: rows.map(({ key }) => key),
});
