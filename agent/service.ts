// One running agent: parts, server, chores, from listening to the end.

import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { MonitorClient } from "../monitor/client.js";
import { forgetStartup } from "../native/index.js";
import { AgentLinks } from "../overlay/index.js";
import { nativeAlgebra } from "./algebra.js";
import { buildApp } from "./app.js";
import { assemble } from "./assembly.js";
import { startChores } from "./chores.js";
import type { AgentOptions } from "./options.js";
import { type Account, become } from "./privileges.js";
import { reachOf } from "./reach.js";
import { rosterOptions } from "./roster-options.js";
import { StartError } from "./start-error.js";
import { requireStateFolder } from "./state-file.js";

export interface ServiceOptions {
  readonly options: AgentOptions;
  readonly version: string;
  /** Whom to become once listening; undefined: stay. */
  readonly account: Account | undefined;
  readonly log: Logger;
}

export interface Service {
  /** Ends tests, connections and the server. */
  stop(): Promise<void>;
}

const firstSyncMs = 1000;

/** Throws StartError with a sentence. */
export async function startAgent({ options, version, account, log }: ServiceOptions): Promise<Service> {
  const { parent, monitor: socket } = options;
  const { address, transport, serve } = await reachOf(options, log);
  requireAddon();
  const links = new AgentLinks(transport);
  const introduction = { agent: address.name, pid: process.pid, key: randomUUID() };
  const monitor = new MonitorClient(socket, introduction);
  const part = rosterOptions({ options, address, account, log });
  const chosen = { ...part, ...(parent === undefined ? {} : { parent }) };
  const onRestart = (sketches: number) => log.warn({ sketches }, "the monitor was restarted: counting anew");
  const agent = assemble({ version, address, monitor, links, onRestart, ...chosen });
  await agent.upkeep.sync(firstSyncMs).catch(() => undefined);
  const app = buildApp(agent, log);
  await listen(app, options);
  settle(account);
  if (part.wish !== undefined) requireStateFolder(options.state);
  serve(agent);
  forgetStartup();
  const stopping = new AbortController();
  startChores(agent, { parent, log, signal: stopping.signal });
  log.info(
    { agent: agent.name, address: options.address, port: options.port, user: account?.name },
    "listening",
  );
  return {
    stop: async () => {
      stopping.abort();
      await agent.membership.depart();
      await Promise.all([agent.bandwidth.stop(), app.close(), links.close()]);
      monitor.close();
    },
  };
}

// The directory of this program may be closed to the account: nothing is read from it from here on.
function settle(account: Account | undefined): void {
  process.chdir("/");
  if (account !== undefined) become(account);
}

// It is loaded at its first use, which must not come after root is given up.
function requireAddon(): void {
  try {
    nativeAlgebra.checkKey("src", "10.0.0.1");
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : "the native add-on cannot be loaded");
  }
}

async function listen(app: FastifyInstance, { address, port }: AgentOptions): Promise<void> {
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    throw new StartError(listenProblem((error as NodeJS.ErrnoException).code, address, port));
  }
}

function listenProblem(code: string | undefined, address: string, port: number): string {
  if (code === "EADDRINUSE")
    return `port ${port} at ${address} is taken: stop what listens there, or give another --port`;
  if (code === "EADDRNOTAVAIL")
    return `${address} is no address of this host: give one of its own by --address`;
  if (code === "EACCES") return `port ${port} is only for root: give one above 1023 by --port`;
  return `cannot listen at ${address} port ${port} (${code ?? "unknown reason"})`;
}
