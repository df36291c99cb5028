// What an agent does without being asked: looks after its monitor and its children, judges, and announces itself.

import type { FastifyBaseLogger } from "fastify";
import type { AgentAddress, TallyError } from "../controller-client/messages/index.js";
import { announce, repeat } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import { judgeOn } from "./judge.js";

const monitorEveryMs = 2000;
const childrenEveryMs = 5000;
const rootAlertsEveryMs = 2000;
const announceEveryMs = 3000;
const budgetMs = 2000;

export interface ChoreOptions {
  readonly parent: AgentAddress | undefined;
  readonly log: FastifyBaseLogger;
  /** Ends the chores. */
  readonly signal: AbortSignal;
}

export function startChores(agent: Agent, { parent, log, signal }: ChoreOptions): void {
  const { time, tree } = agent;
  void repeat(time, { everyMs: monitorEveryMs, signal, chore: watchMonitor(agent, log) });
  void repeat(time, { everyMs: childrenEveryMs, signal, chore: () => tree.tend(budgetMs) });
  void judgeOn(agent, signal);
  void repeat(time, { everyMs: rootAlertsEveryMs, signal, chore: () => agent.rootAlerts.copy() });
  void agent.membership
    .live(signal)
    .catch((error: unknown) => log.fatal({ problem: String(error) }, "no roster"));
  if (parent !== undefined) void announceTo(agent, parent, { log, signal });
}

async function syncMonitor({ upkeep, wanted }: Agent): Promise<void> {
  await upkeep.sync(budgetMs);
  if (!wanted.restore()) return;
  upkeep.markStale();
  await upkeep.sync(budgetMs);
}

function watchMonitor(agent: Agent, log: FastifyBaseLogger): () => Promise<void> {
  let problem: string | undefined;
  return async () => {
    const before = problem;
    problem = await syncMonitor(agent).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (problem === before) return;
    if (problem === undefined) log.info("the monitor answers again");
    else log.warn({ problem }, "the monitor does not answer");
  };
}

type Running = Omit<ChoreOptions, "parent">;

function announceTo(agent: Agent, parent: AgentAddress, { log, signal }: Running): Promise<void> {
  const request = { type: "add leaf agent", agent_addr: agent.address.name } as const;
  return announce({
    post: () => agent.links.send(parent, request),
    everyMs: announceEveryMs,
    onChange: (failure) => logAnnouncement(log, parent, failure),
    signal,
    time: agent.time,
  });
}

function logAnnouncement(
  log: FastifyBaseLogger,
  { name }: AgentAddress,
  failure: TallyError | undefined,
): void {
  if (failure === undefined) log.info({ parent: name }, "this agent is below its parent");
  else
    log.warn(
      { parent: name, code: failure.code, problem: failure.message },
      "the parent does not take this agent",
    );
}
