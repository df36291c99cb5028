// Emulated agents, many in a process: the product's own agents over synthetic monitors, each at an address of its own
// on the loopback. Run by emulation.ts, which tells it what to do by messages.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import type { Agent } from "../../agent/agent.js";
import { buildApp } from "../../agent/app.js";
import { assemble } from "../../agent/assembly.js";
import { responder } from "../../agent/bus-face.js";
import { AgentLinks, HttpTransport, type NatsTransport, natsTransport } from "../../overlay/index.js";
import { Meter } from "./metered-transport.js";
import { Replay } from "./replay.js";
import { addressOf, childrenOf, levelOf, type Shape } from "./shape.js";
import { SyntheticMonitor } from "./synthetic-monitor.js";
import { kinds } from "./traffic.js";

export type Order =
  /** Makes these agents; told once. With a NATS server they are reached by way of it, all over one connection. */
  | {
      readonly do: "start";
      readonly shape: Shape;
      readonly indices: readonly number[];
      readonly nats: string | undefined;
    }
  /** Adds the children of the agents of a level. */
  | { readonly do: "link"; readonly level: number }
  /** Agents but these answer what they answered last, without asking anybody; without a list all ask again. */
  | { readonly do: "replay"; readonly asking?: readonly number[] }
  | { readonly do: "figures" };

export interface Figures {
  /** Bytes of resident memory. */
  readonly rss: number;
  /** Milliseconds of processor time since the start. */
  readonly cpuMs: number;
  /** Bytes of the longest reply that a parent received since the last time, by the parent's level. */
  readonly longest: Readonly<Record<number, number>>;
}

const linkMs = 10_000;
const log = pino({ level: "silent" });
const agents = new Map<number, Agent>();
const meter = new Meter();
const replay = new Replay();
let shape: Shape = { agents: 0, fanout: 1 };

process.on("message", (order: Order) => {
  obey(order).then(
    (figures) => process.send?.({ figures }),
    (error: unknown) => process.send?.({ problem: error instanceof Error ? error.stack : String(error) }),
  );
});
process.once("disconnect", () => process.exit(0));

async function obey(order: Order): Promise<Figures | undefined> {
  if (order.do === "figures") return figures();
  if (order.do === "replay") replay.asking = order.asking && new Set(order.asking.map(nameOf));
  if (order.do === "link") await link(order.level);
  if (order.do === "start") {
    shape = order.shape;
    const bus = order.nats === undefined ? undefined : await natsTransport({ servers: [order.nats] });
    for (const index of order.indices) await start(index, bus);
  }
  return undefined;
}

function figures(): Figures {
  const { user, system } = process.cpuUsage();
  return { rss: process.memoryUsage().rss, cpuMs: (user + system) / 1000, longest: meter.take() };
}

const nameOf = (index: number): string => addressOf(index).name;

async function start(index: number, bus: NatsTransport | undefined): Promise<void> {
  const address = addressOf(index);
  const links = new AgentLinks(meter.around(bus ?? new HttpTransport(), levelOf(index, shape)));
  const agent = assemble({
    version: "emulated",
    address,
    monitor: new SyntheticMonitor(index % kinds),
    links,
  });
  replay.attach(agent.tree);
  agents.set(index, agent);
  await bus?.serve(address, responder(agent, log));
  // The root is asked by HTTP all the same, and is the whole product.
  if (index === 0) await buildApp(agent, log).listen({ host: address.host, port: address.port });
  else if (bus === undefined) await listen(agent);
}

/** Thousands of whole HTTP faces would be all that the processor does: here Node's own server hands messages over. */
function listen(agent: Agent): Promise<void> {
  const respond = responder(agent, log);
  const server = createServer(async (message, response) => {
    const { status, contentType, bytes } = await respond(await text(message));
    response.writeHead(status, { "content-type": contentType }).end(bytes);
  });
  const { host, port } = agent.address;
  return new Promise((resolve) => server.listen(port, host, resolve));
}

async function link(level: number): Promise<void> {
  const parents = [...agents].filter(([index]) => levelOf(index, shape) === level);
  for (const [index, { tree }] of parents) {
    await Promise.all(childrenOf(index, shape).map((child) => tree.add(nameOf(child), linkMs)));
  }
}
