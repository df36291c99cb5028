// `query entropy`: how evenly the traffic is spread over its keys, over all hosts asked, with certain bounds.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { type Population, populationCodec } from "../payloads/populations.js";
import { resolved } from "../windows.js";
import { type Located, ledgerKind, locate } from "./locate.js";

export const queryEntropy: Handler<"query entropy"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, entropy(agent, query, located));
};

function entropy(agent: Agent, query: RequestOf<"query entropy">, located: Located): Counting<Population> {
  const { request, sketch, counter } = located;
  const { detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const kind = ledgerKind(agent, located);
  const found = ({ ledger, distinct }: Population) =>
    agent.algebra.ledgerEntropy(ledger, kind.secret, distinct);
  return {
    request: { ...request, ...absolute } as typeof query,
    window,
    own: (budgetMs) => agent.own.population({ sketch, counter, window, detail, budgetMs }),
    codec: populationCodec(kind),
    bare: (population) => found(population).value,
    detail: (population) => ({ ...found(population), unit: "bits" }),
  };
}
