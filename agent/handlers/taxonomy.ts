// `query taxonomy`: which flows are elephants, tortoises, cheetahs or porcupines, over all hosts asked.

import type { RequestOf, Span } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { type LedgerView, viewOf } from "../ledger-view.js";
import { type Seconds, secondsCodec } from "../payloads/seconds.js";
import { type Unit, unitOf } from "../render.js";
import { type SecondCounts, type Taxonomy, type TraitClass, taxonomyOf, traits } from "../taxonomy.js";
import { recentSpan } from "../windows.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query taxonomy">;

export const queryTaxonomy: Handler<"query taxonomy"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, taxonomy(agent, query, located));
};

function taxonomy(agent: Agent, query: Query, located: Located): Counting<Seconds> {
  const { request, sketch, counter } = located;
  const { detail, group_by } = query;
  const window = recentSpan(query.window, agent.now());
  const kind = ledgerKind(agent, located);
  const view = viewOf(kind, group_by);
  const found = (seconds: Seconds) => taxonomyOf(countsOf(view, seconds));
  return {
    request: { ...request, window } as Query,
    window,
    own: (budgetMs) => agent.own.seconds({ sketch, counter, window, detail, budgetMs }, window),
    codec: secondsCodec(kind),
    bare: (seconds) => bare(found(seconds), query),
    detail: (seconds) => {
      const exact = [...seconds.values()].every((ledger) => agent.algebra.ledgerSummary(ledger).exact);
      return detailed(found(seconds), { query, exact, window, unit: unitOf(counter.increment) });
    },
  };
}

/** In the order of time. */
function countsOf(view: LedgerView, seconds: Seconds): readonly SecondCounts[] {
  const ordered = [...seconds].sort(([a], [b]) => a - b);
  return ordered.map(([second, ledger]) => {
    const { keys, lower } = view.entries(ledger);
    return { second, keys, counts: Array.from(lower, Number) };
  });
}

const bare = ({ classes }: Taxonomy, { k }: Query) =>
  Object.fromEntries(traits.map((trait) => [trait, classes[trait].members.slice(0, k).map(([key]) => key)]));

interface Basis {
  readonly query: Query;
  readonly exact: boolean;
  readonly window: Span;
  readonly unit: Unit;
}

function detailed(found: Taxonomy, { query, exact, window, unit }: Basis): object {
  const units = { elephant: unit, tortoise: "s", cheetah: `${unit}/s`, porcupine: "peak/mean" };
  const classes = traits.map((trait) => [
    trait,
    { ...shown(found.classes[trait], query.k), unit: units[trait] },
  ]);
  const basis = `counts of ${window.to - window.from} single seconds`;
  return {
    value: bare(found, query),
    classes: Object.fromEntries(classes),
    flows: found.flows,
    exact,
    basis: exact ? basis : `${basis}, of the largest keys of each; the smallest are missing`,
    unit,
  };
}

const shown = ({ members, ...statistics }: TraitClass, k: number) => ({
  ...statistics,
  size: members.length,
  keys: Object.fromEntries(members.slice(0, k)),
});
