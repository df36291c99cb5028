// Judges the watches of an agent: once a second, when the second is over on every host.

import { pause, type Time } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import { longestProblem } from "./payloads/alerts.js";
import { sightOf } from "./watch-counts.js";
import type { Watched } from "./watches.js";
import { graceMs, spanOf } from "./windows.js";

const everyMs = 1000;
/** After the beginning of a second: the one before is over everywhere. */
const judgedAtMs = graceMs + 50;
/** What a question may take, so that the next second is judged too. */
const budgetMs = 800;

/** Judges second by second until the signal. */
export async function judgeOn(agent: Agent, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(agent.time, untilJudging(agent.time), signal);
    if (!signal.aborted) await judge(agent);
  }
}

const untilJudging = ({ now }: Time): number => everyMs - ((now() - judgedAtMs) % everyMs);

/** Judges each watch of this agent by the last seconds that are over. Never rejects. */
export async function judge(agent: Agent): Promise<void> {
  const judged = agent.book.watches.list().filter((watched) => isJudgedBy(agent, watched));
  agent.alerts.keep(new Set(judged.map(({ watch }) => watch.uuid)));
  for (const { watch } of judged) agent.alerts.adopt(watch, agent.rootAlerts.take(watch.uuid));
  await Promise.all(judged.map((watched) => judgeOne(agent, watched)));
}

/** Sums are judged by the agent that was asked to: what it watches is inherited by all others. */
function isJudgedBy({ membership }: Agent, { watch: { scope, inherited } }: Watched): boolean {
  return scope === "host" || (!inherited && !membership.isReturning);
}

async function judgeOne(agent: Agent, watched: Watched): Promise<void> {
  const { alerts, book, now } = agent;
  const { watch } = watched;
  const span = spanOf({ last: watch.seconds }, now());
  const keys = alerts.lastingKeys(watch);
  const sight = await sightOf(agent, { watched, span, keys, budgetMs }).catch((error: Error) => error);
  // It may have been ended meanwhile, or be another agent's by now.
  if (book.watches.get(watch.uuid)?.watch !== watch || !isJudgedBy(agent, watched)) return;
  if (sight instanceof Error) alerts.miss(watch, sight.message.slice(0, longestProblem));
  else alerts.note(watch, sight);
}
