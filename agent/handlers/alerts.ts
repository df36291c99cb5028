// `query alerts`: what came of the watches that this agent knows, here and at the hosts below.

import {
  type Alert,
  type AlertsDetail,
  type Loss,
  type NamedAlert,
  type RequestOf,
  TallyError,
} from "../../controller-client/messages/index.js";
import { type Gathered, noLoss, type OwnPart } from "../../overlay/index.js";
import { type Agent, type Handler, isRelayed } from "../agent.js";
import { coverageOf, framed } from "../counting.js";
import { lossOf } from "../loss-record.js";
import { alertsCodec, type Told } from "../payloads/alerts.js";

type Query = RequestOf<"query alerts">;

export const queryAlerts: Handler<"query alerts"> = async (agent, { watch_id, ...query }, call) => {
  const found = watch_id === undefined ? undefined : agent.book.watches.find({ watch_id });
  const request = found === undefined ? query : { ...query, watch: found.watch.uuid };
  const codec = alertsCodec(query.k);
  const own = (ms: number) => ownPart(agent, request, ms);
  const { budgetMs, path } = call;
  const gathered = await agent.tree.gather({ request, own, codec, budgetMs, path }, query.scope);
  if (isRelayed(query)) return framed(agent, call, gathered, { codec, known: query.known });
  if (gathered.payload === undefined) throw gathered.error ?? nobody();
  const detail = detailOf(agent, gathered.payload, gathered);
  return { json: query.detail ? detail : detail.value };
};

const nobody = (): TallyError => new TallyError("timeout", "no host answered in time: ask again");

async function ownPart(agent: Agent, query: Query, budgetMs: number): Promise<OwnPart<Told>> {
  const { alerts, book } = agent;
  // Sums are told by who was asked to watch them; agents above know nothing of such a watch.
  const isAsked = ({ watch }: { readonly watch: string }) =>
    (query.watch === undefined || query.watch === watch) &&
    (!isRelayed(query) || book.watches.get(watch)?.watch.scope === "host");
  const lasted = ({ until = Number.POSITIVE_INFINITY }: Alert) => until >= (query.since ?? 0);
  const told = {
    alerts: alerts.list().filter((alert) => isAsked(alert) && lasted(alert)),
    possible: alerts.possible().filter(isAsked),
    problems: alerts.problems().filter(isAsked),
  };
  return { payload: told, loss: query.detail ? await tapLoss(agent, budgetMs / 2) : noLoss };
}

/** What the tap lost. Nothing is known of it while the monitor does not answer; the problems tell that. */
async function tapLoss({ monitor, name, upkeep }: Agent, budgetMs: number): Promise<Loss> {
  const stats = await monitor.stats(budgetMs).catch(() => undefined);
  return stats === undefined ? unknownLoss : lossOf({ host: name, stats, restarts: upkeep.restarts });
}

const unknownLoss: Loss = { ...noLoss, complete: false };

function detailOf({ book }: Agent, told: Told, gathered: Gathered<Told>): AlertsDetail {
  const named = <T extends { readonly watch: string }>(one: T) => {
    const known = book.watches.get(one.watch)?.watch;
    if (known === undefined) return [];
    const { id: watch_id, label } = known;
    return [{ watch_id, ...(label === undefined ? {} : { label }), ...one }];
  };
  const value: readonly NamedAlert[] = told.alerts.flatMap(named);
  const { possible, problems } = told;
  return {
    value,
    possible: possible.flatMap(named),
    problems: problems.flatMap(named),
    coverage: coverageOf(gathered),
    loss: gathered.loss,
  };
}
