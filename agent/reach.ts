// How this agent and others reach each other: by which address, and over which transport.

import type { FastifyBaseLogger } from "fastify";
import { type AgentAddress, parseAgentAddress, TallyError } from "../controller-client/messages/index.js";
import { HttpTransport, natsTransport, type Transport } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import { responder } from "./bus-face.js";
import type { AgentOptions } from "./options.js";
import { isLoopback, publicAddress } from "./public-address.js";
import { StartError } from "./start-error.js";

export interface Reach {
  readonly address: AgentAddress;
  readonly transport: Transport;
  /** Answers what comes by the transport; HTTP is always answered. */
  readonly serve: (agent: Agent) => void;
}

/** Throws StartError when others could not reach this agent. */
export async function reachOf(options: AgentOptions, log: FastifyBaseLogger): Promise<Reach> {
  const { transport, parent, join = [] } = options;
  if (transport !== "http") return overNats(options, transport, log);
  const address = publicAddress(options.address, options.port);
  for (const above of [parent, ...join]) refuseUnreachable(address, above);
  return { address, transport: new HttpTransport(), serve: () => undefined };
}

async function overNats(
  options: AgentOptions,
  servers: readonly string[],
  log: FastifyBaseLogger,
): Promise<Reach> {
  const address = addressByName(options);
  const onChange = (isConnected: boolean) =>
    isConnected ? log.info("connected to NATS") : log.warn("the connection to NATS is lost");
  const transport = await natsTransport({ servers, onChange });
  return { address, transport, serve: (agent) => void transport.serve(address, responder(agent, log)) };
}

// On a bus a name is an address.
function addressByName({ name, address, port }: AgentOptions): AgentAddress {
  const own = publicAddress(address, port);
  if (name === undefined) {
    if (!isLoopback(own.host)) return own;
    const advice = "give its --name, or the host's own address by --address";
    throw new StartError(
      `over NATS agents go by their names, and ${own.name} names this host on no other: ${advice}`,
    );
  }
  try {
    return parseAgentAddress(name, "name");
  } catch (error) {
    throw new StartError(error instanceof TallyError ? error.message : "the name is no address");
  }
}

function refuseUnreachable(self: AgentAddress, parent: AgentAddress | undefined): void {
  if (parent === undefined || !isLoopback(self.host) || isLoopback(parent.host)) return;
  const advice = "listen on this host's own address, by --address";
  throw new StartError(`${parent.name} cannot reach this agent at ${self.name}: ${advice}`);
}
