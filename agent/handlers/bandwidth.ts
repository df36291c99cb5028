// `query bw` and `serve bw`: a test from one host to another, started by the agent of the host that sends.

import {
  type AgentAddress,
  defaultPort,
  parseAgentAddress,
  type RequestOf,
  TallyError,
} from "../../controller-client/messages/index.js";
import { type Child, noLoss, refuseLoop } from "../../overlay/index.js";
import type { Agent, Call, Handler } from "../agent.js";
import { agentAt, isLocal, isSame } from "../bandwidth/places.js";
import type { Rates } from "../bandwidth/rates.js";
import { coverageOf } from "../counting.js";

type Query = RequestOf<"query bw">;

export const queryBw: Handler<"query bw"> = async (agent, query, call) => {
  refuseLoop(agent.name, call.path);
  const sender = senderOf(agent, query.src);
  if (sender !== "here") return { json: await forward(agent, query, call, sender) };
  const from = agent.now() / 1000;
  const { receiver, rates } = await measure(agent, query, call);
  const window = { kind: "test", from, to: agent.now() / 1000 };
  return { json: query.detail ? { ...detailOf(agent, query, rates, receiver), window } : rates.value };
};

export const serveBw: Handler<"serve bw"> = async (
  { bandwidth, address },
  { seconds },
  { localAddress },
) => ({
  json: { port: await bandwidth.serve(localAddress ?? address.host, seconds) },
});

async function measure(agent: Agent, query: Query, { leftMs, signal }: Call) {
  const receiver = receiverOf(agent, query);
  const openServer = async (): Promise<number> => {
    const timeout_ms = Math.max(50, Math.min(leftMs(), serverStartMs));
    const { src, seconds } = query;
    const { port } = await agent.links.send(receiver, {
      type: "serve bw",
      src,
      seconds,
      budget_ms: timeout_ms,
    });
    return checkedPort(port);
  };
  return { receiver, rates: await agent.bandwidth.measure({ query, leftMs, signal, openServer }) };
}

const serverStartMs = 3000;

function checkedPort(port: unknown): number {
  if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new TallyError("unavailable", "the destination's agent answered no port");
}

/** This agent, or the child on the way to the agent at `src`. Throws not_found. */
function senderOf({ address, tree }: Agent, src: string): "here" | Child {
  if (isSame(address.host, src)) return "here";
  const below = agentAt(src, namesBelow(tree));
  const child = below === undefined ? undefined : tree.childTowards(below.name);
  if (child !== undefined) return child;
  if (isLocal(src)) return "here";
  const message = `no agent at ${src} is known here: ask the agent of that host itself, or add it by 'add leaf agent'`;
  throw new TallyError("not_found", message, { field: "src" });
}

function receiverOf({ address, tree }: Agent, { src, dst }: Query): AgentAddress {
  if (isSame(src, dst) || isSame(address.host, dst)) {
    throw new TallyError("bad_request", "src and dst are the same host: give two", { field: "dst" });
  }
  const host = dst.includes(":") ? `[${dst}]` : dst;
  return agentAt(dst, namesBelow(tree)) ?? parseAgentAddress(`${host}:${defaultPort}`);
}

function namesBelow(tree: Agent["tree"]): readonly string[] {
  return [...tree.children().map(({ address }) => address.name), ...tree.hostsBelow()];
}

function forward(agent: Agent, query: Query, { leftMs, path }: Call, child: Child): Promise<unknown> {
  const budget_ms = leftMs() * forwardShare;
  return agent.links.send(child.address, { ...query, budget_ms, path: [...path, agent.name] });
}

/** The rest is for the answer's way back. */
const forwardShare = 0.95;

function detailOf({ name }: Agent, query: Query, rates: Rates, receiver: AgentAddress): object {
  const { src, dst, method, seconds } = query;
  const coverage = coverageOf({ hosts: [name, receiver.name], missing: [] });
  return { ...rates, exact: false, unit: "MBytes/s", src, dst, method, seconds, coverage, loss: noLoss };
}
