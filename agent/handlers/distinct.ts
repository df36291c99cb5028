// Answers that count distinct keys over all hosts asked: `query distinct`, and the old words of `query sketch`.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { distinctCodec } from "../payloads/ledgers.js";
import { resolved } from "../windows.js";
import { type Located, locate } from "./locate.js";

export const queryDistinct: Handler<"query distinct"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, distinctKeys(agent, query, located));
};

export function distinctKeys(
  agent: Agent,
  query: RequestOf<"query sketch" | "query distinct">,
  { request, sketch, counter }: Located,
): Counting<Uint8Array> {
  const { detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const count = (set: Uint8Array) => agent.algebra.distinctCount(set);
  return {
    request: { ...request, ...absolute } as typeof query,
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
