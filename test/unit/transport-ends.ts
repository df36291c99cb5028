// The far ends of transports, well-behaved and not: what a transport has to bear.

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { type AgentAddress, parseAgentAddress } from "../../controller-client/messages/index.js";
import { HttpTransport, natsTransport, type Transport } from "../../overlay/index.js";
import { subjectOf } from "../../overlay/nats/subject.js";
import { type NatsServer, startNatsServer } from "../nats-server.js";

/** What is at the other end. */
export type Conduct = "echo" | "long" | "hung" | "late" | "endless" | "broken off";

/** One kind of transport with agents that can be made at its other end. */
export interface World {
  readonly transport: Transport;
  agent(conduct: Conduct): Promise<AgentAddress>;
  close(): Promise<void>;
}

const lateMs = 900;
/** More than a NATS server takes in one message. */
export const longText = Array.from({ length: 400_000 }, (_, i) => `${i}`).join(" ");
const chunk = Buffer.alloc(2 ** 18, 32);

export async function httpWorld(): Promise<World> {
  const servers: Server[] = [];
  const transport = new HttpTransport();
  const agent = async (conduct: Conduct) => {
    const server = createServer(overHttp[conduct]);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return parseAgentAddress(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  };
  const close = async () => {
    await transport.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  };
  return { transport, agent, close };
}

const overHttp: { readonly [C in Conduct]: RequestListener } = {
  echo: (request, response) => {
    response.writeHead(418, { "content-type": "text/echo" });
    request.pipe(response);
  },
  long: (_, response) => void response.end(longText),
  hung: () => undefined,
  late: (_, response) => void sleep(lateMs).then(() => response.end("late")),
  endless: (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  },
  "broken off": (_, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("only this", () => response.destroy());
  },
};

export async function natsWorld(): Promise<World> {
  const server: NatsServer = await startNatsServer();
  const transport = await natsTransport({ servers: [server.url] });
  const other = await connect({ servers: server.url });
  let agents = 0;
  const agent = async (conduct: Conduct) => {
    const address = parseAgentAddress(`h${agents++}.rack-1:8000`);
    if (conduct === "echo" || conduct === "long") await transport.serve(address, honest[conduct]);
    else
      other.subscribe(subjectOf(address.name), {
        callback: (_, message) => overNats[conduct](message, other),
      });
    await other.flush();
    return address;
  };
  await transport.connected();
  const close = async () => {
    await transport.close();
    await other.close();
    await server.stop();
  };
  return { transport, agent, close };
}

const honest = {
  echo: async (text: string) => ({ status: 418, contentType: "text/echo", bytes: Buffer.from(text) }),
  long: async () => ({ status: 200, contentType: "text/plain", bytes: Buffer.from(longText) }),
};

const overNats: {
  readonly [C in Exclude<Conduct, keyof typeof honest>]: (message: Msg, own: NatsConnection) => void;
} = {
  hung: () => undefined,
  late: (message) => void sleep(lateMs).then(() => respond(message, 0, 1)),
  endless: async (message, own) => {
    // As much as a gigabyte, as fast as the server takes it.
    for (let piece = 0; piece < 4096 && !own.isClosed(); piece++) {
      respond(message, piece, 4096);
      await own.flush().catch(() => undefined);
    }
  },
  "broken off": (message) => {
    respond(message, 0, 3);
    respond(message, 2, 3);
  },
};

function respond(message: Msg, piece: number, of: number): void {
  const labels = headers();
  for (const [name, value] of Object.entries({ status: 200, type: "text/plain", piece, of })) {
    labels.set(name, `${value}`);
  }
  message.respond(chunk, { headers: labels });
}
