// `query real time counter`: what the last one to two seconds brought, by key, over all hosts asked.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { viewOf } from "../ledger-view.js";
import { ledgerCodec } from "../payloads/ledgers.js";
import { bareRows, rowsDetail, rowsOf, unitOf } from "../render.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query real time counter">;

export const queryRealTimeCounter: Handler<"query real time counter"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, realTime(agent, query, located));
};

function realTime(agent: Agent, { detail, group_by }: Query, located: Located): Counting<Uint8Array> {
  const { request, sketch, counter } = located;
  const kind = ledgerKind(agent, located);
  const view = viewOf(kind, group_by);
  // Every key that was seen belongs to the answer, so each of them is certain once it has a count of its own.
  const rows = (ledger: Uint8Array) => rowsOf(view.entries(ledger), ({ lower }) => lower > 0n);
  return {
    request,
    window: "realtime",
    own: (budgetMs) => agent.own.ledger({ sketch, counter, window: "realtime", detail, budgetMs }),
    codec: ledgerCodec(kind),
    bare: (ledger) => bareRows(rows(ledger)),
    detail: (ledger) => rowsDetail(rows(ledger), unitOf(counter.increment)),
  };
}
