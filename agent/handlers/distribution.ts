// `query distribution`: how large flows are, over all hosts asked, as a histogram over powers of two.

import { type RequestOf, toCount } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import type { FlowSizes } from "../algebra.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { type Population, populationCodec } from "../payloads/populations.js";
import { type Unit, unitOf } from "../render.js";
import { resolved } from "../windows.js";
import { type Located, ledgerKind, locate } from "./locate.js";

export const queryDistribution: Handler<"query distribution"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, distribution(agent, query, located));
};

function distribution(
  agent: Agent,
  query: RequestOf<"query distribution">,
  located: Located,
): Counting<Population> {
  const { request, sketch, counter } = located;
  const { detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const kind = ledgerKind(agent, located);
  const sizes = ({ ledger, distinct }: Population) =>
    agent.algebra.ledgerFlowSizes(ledger, kind.secret, distinct);
  return {
    request: { ...request, ...absolute } as typeof query,
    window,
    own: (budgetMs) => agent.own.population({ sketch, counter, window, detail, budgetMs }),
    codec: populationCodec(kind),
    bare: (population) => bare(sizes(population)),
    detail: (population) => detailed(sizes(population), unitOf(counter.increment)),
  };
}

const bare = ({ classes }: FlowSizes) =>
  classes.map(({ from, to, flows }) => [toCount(from), toCount(to), flows] as const);

function detailed(sizes: FlowSizes, unit: Unit): object {
  const classes = sizes.classes.map(({ from, to, ...rest }) => ({
    from: toCount(from),
    to: toCount(to),
    ...rest,
  }));
  const certain = classes.reduce((sum, { exact }) => sum + exact, 0);
  const { flows, estimated } = sizes;
  const basis = basisOf(sizes);
  return { value: bare(sizes), classes, flows, certain, estimated, exact: certain === flows, basis, unit };
}

function basisOf({ estimated, byCells }: FlowSizes): string {
  if (estimated === 0) return "counts";
  return byCells
    ? "counts, and for the rest the likeliest sizes by the cells they share"
    : "counts, and for the rest a power law by distinct keys and total";
}
