// Makes the parts of one agent and connects them.

import type { AgentAddress } from "../controller-client/messages/index.js";
import type { Monitor } from "../monitor/client.js";
import { AgentLinks, type Ask, type Send, systemTime, type Time, Tree } from "../overlay/index.js";
import type { Agent, Call } from "./agent.js";
import { Alerts } from "./alerts.js";
import { type Algebra, nativeAlgebra } from "./algebra.js";
import { Bandwidth } from "./bandwidth/bandwidth.js";
import { Iperf } from "./bandwidth/iperf.js";
import { type Fresh, systemFresh } from "./fresh.js";
import { handle } from "./handlers/index.js";
import { Notices } from "./notices.js";
import { OwnHost } from "./own-host.js";
import { RootAlerts } from "./root-alerts.js";
import { noWish, type RosterWish, rosterPart } from "./roster-part.js";
import { SketchBook } from "./sketch-book.js";
import { Upkeep } from "./upkeep.js";
import { WantedSet } from "./wanted-set.js";

export interface AssemblyOptions {
  readonly version: string;
  readonly address: AgentAddress;
  readonly monitor: Monitor;
  /** Default: its address and port. */
  readonly name?: string;
  readonly parent?: AgentAddress;
  readonly links?: AgentLinks;
  /** Default: HTTP. */
  readonly ask?: Ask;
  readonly send?: Send;
  /** Default: no roster. */
  readonly wish?: RosterWish;
  /** Numbers from 0 to 1. Default: by chance. */
  readonly chance?: () => number;
  /** Default: by the system's random numbers. */
  readonly fresh?: Fresh;
  readonly algebra?: Algebra;
  /** Default: this host's clocks. */
  readonly time?: Time;
  /** Told how many sketches count from zero again because the monitor was restarted. */
  readonly onRestart?: (sketches: number) => void;
}

export function assemble(options: AssemblyOptions): Agent {
  const { version, address, monitor, parent, name = address.name } = options;
  const { links = new AgentLinks(), algebra = nativeAlgebra, time = systemTime, onRestart } = options;
  const { now } = time;
  const book = new SketchBook();
  const upkeep = new Upkeep({ monitor, book, now, ...(onRestart === undefined ? {} : { onRestart }) });
  const { ask = links.ask, send = (to, message) => links.send(to, message), wish = noWish } = options;
  const { chance = Math.random, fresh = systemFresh } = options;
  const wanted = new WantedSet({
    ...{ book, ask },
    ...wish.configuration,
    ready: () => upkeep.hasLooked,
    now: () => now() / 1000,
    carryOut: (request) => handle(agent, { ...request, form: "partial" }, callOf(time, fromAboveMs)),
  });
  const tree: Tree = new Tree({
    ...{ name, address, ask, time },
    configured: () => wanted.summary,
    wanted: () => book.wanted(),
    roster: () => part.membership.reign?.roster,
    epoch: () => part.membership.claim?.tree_epoch,
  });
  const part = rosterPart({
    ...{ wish, tree, address, send, ask, wanted, time, chance },
    incarnation: Math.floor(now()),
    monitor: () => upkeep.instance,
  });
  const own = new OwnHost({ name, monitor, algebra, now, restarts: () => upkeep.restarts });
  const notices = new Notices(time);
  const alerts: Alerts = new Alerts(
    () => tree.name,
    (watch, alert) => {
      const { sendTo, label } = watch;
      if (sendTo === undefined) return;
      const notice = label === undefined ? alert : { label, ...alert };
      notices.send(sendTo, notice, (problem) => alerts.sent(watch, problem));
    },
  );
  const { standby } = wish;
  const rootAlerts = new RootAlerts({ standby, membership: part.membership, book, send, now });
  const bandwidth = new Bandwidth(new Iperf());
  const parts = {
    fresh,
    monitor,
    algebra,
    book,
    own,
    upkeep,
    tree,
    links,
    bandwidth,
    time,
    now,
    alerts,
    rootAlerts,
  };
  const agent: Agent = {
    get name() {
      return tree.name;
    },
    version,
    address,
    startedAt: now(),
    ...parts,
    ...part,
    wanted,
    ...(parent === undefined ? {} : { parent: parent.name }),
  };
  return agent;
}

/** For one change that the agent above wants. */
const fromAboveMs = 3000;

/** A call that comes from no socket. */
function callOf({ now, elapsed }: Time, budgetMs: number): Call {
  const end = elapsed() + budgetMs;
  const leftMs = () => Math.max(1, end - elapsed());
  const never = new AbortController().signal;
  return { budgetMs, leftMs, received: now(), path: [], localAddress: undefined, signal: never };
}
