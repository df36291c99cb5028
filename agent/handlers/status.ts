// `query status` and GET /status, /healthz: this agent, its monitor, its children.

import { type StatusAnswer, TallyError } from "../../controller-client/messages/index.js";
import type { MonitorStats } from "../../monitor/client.js";
import type { Agent, Handler } from "../agent.js";
import { lossOf } from "../loss-record.js";

export const queryStatus: Handler<"query status"> = async (agent, _request, { budgetMs }) => ({
  json: await statusOf(agent, budgetMs),
});

/** Never rejects for a monitor that is down: that is a state too. */
export async function statusOf(agent: Agent, budgetMs: number): Promise<StatusAnswer> {
  const { name, version, now, startedAt, book, tree, parent } = agent;
  return {
    name,
    version,
    uptime_seconds: Math.round((now() - startedAt) / 1000),
    monitor: await monitorState(agent, budgetMs),
    sketches: book.list().filter(({ rule }) => !rule).length,
    leaf_agents: tree.leafAgents(),
    ...(parent === undefined ? {} : { parent }),
    configuration: configurationStatus(agent),
    ...rosterStatus(agent),
  };
}

function configurationStatus({ wanted, book }: Agent): StatusAnswer["configuration"] {
  const refused = book.list().filter(({ problem }) => problem !== undefined).length;
  return { ...wanted.summary, observed_revision: wanted.observed, refused };
}

function rosterStatus({ membership }: Agent): Pick<StatusAnswer, "roster"> {
  const { role, claim, holder, uprootedMs } = membership;
  if (role === "static") return {};
  const root = claim === undefined ? {} : { root: claim.root.agent, tree_epoch: claim.tree_epoch };
  const held = holder === undefined ? {} : { held_by: holder.agent };
  return { roster: { role, ...root, ...held, uprooted_ms: Math.round(uprootedMs) } };
}

export async function isMonitorUp({ monitor }: Agent): Promise<boolean> {
  const hello = await monitor.hello(healthMs).catch(() => undefined);
  return hello?.tap.state === "running";
}

const healthMs = 500;

async function monitorState(
  { monitor, name, upkeep }: Agent,
  budgetMs: number,
): Promise<StatusAnswer["monitor"]> {
  const ms = budgetMs * monitorShare;
  try {
    const [{ version }, stats] = await Promise.all([monitor.hello(ms), monitor.stats(ms)]);
    if (stats.tap.state === "failed") return downState(stats.tap.reason);
    const loss = lossOf({ host: name, stats, restarts: upkeep.restarts });
    return upState(stats, { version: `${version}`, loss });
  } catch (error) {
    return downState(error instanceof TallyError ? error.message : undefined);
  }
}

const monitorShare = 0.9;

/** Besides what every agent tells: the monitor's memory in bytes, and its uptime. */
function upState(
  { tap, memory, uptimeMs, stats, offloads }: MonitorStats,
  told: Pick<Up, "version" | "loss">,
) {
  const degraded = stats?.obstacle === undefined ? {} : { degraded: stats.obstacle };
  const uptime_seconds = Math.round(uptimeMs / 1000);
  const namespaces = stats?.namespaces === undefined ? {} : { namespaces: stats.namespaces };
  const why = tap.why === undefined ? {} : { tap_why: tap.why };
  return {
    state: "up",
    ...told,
    tap: tap.kind,
    ...why,
    ...degraded,
    ...namespaces,
    offloads,
    memory,
    uptime_seconds,
  } as const;
}

type Up = Extract<StatusAnswer["monitor"], { state: "up" }>;

const downState = (message = "the monitor does not answer") => ({ state: "down", message }) as const;
