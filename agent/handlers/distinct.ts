// Answers that count distinct keys over all hosts asked: `query distinct`, and the old words of `query sketch`.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import type { Window } from "../own-host.js";
import { distinctCodec } from "../payloads/ledgers.js";
import { type Located, locate } from "./locate.js";

export const queryDistinct: Handler<"query distinct"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, distinctKeys(agent, query, located, query.window));
};

export function distinctKeys(
  agent: Agent,
  { detail }: RequestOf<"query sketch" | "query distinct">,
  { request, sketch, counter }: Located,
  window: Window,
): Counting<Uint8Array> {
  const count = (set: Uint8Array) => agent.algebra.distinctCount(set);
  return {
    request,
    window,
    own: (budgetMs) => agent.own.distinct({ sketch, counter, window, detail, budgetMs }),
    codec: distinctCodec(agent.algebra),
    bare: (set) => count(set).count,
    detail: (set) => {
      const { count: value, lower, upper, exact } = count(set);
      return { value, lower, upper, exact, unit: "keys" };
    },
  };
}
