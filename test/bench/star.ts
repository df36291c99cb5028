// Asking every agent oneself, as a controller without a tree would have to: the overlay's own way of asking children,
// with all agents as children of one.

import { nativeAlgebra } from "../../agent/algebra.js";
import { counted } from "../../agent/payloads/counted.js";
import { hittersCodec } from "../../agent/payloads/hitters.js";
import { checkRequest } from "../../controller-client/messages/index.js";
import type { Child } from "../../overlay/children.js";
import { gather } from "../../overlay/gather.js";
import { AgentLinks, HttpTransport, natsTransport, systemTime, type Transport } from "../../overlay/index.js";
import { KnownHosts } from "../../overlay/known-hosts.js";
import { addressOf, type Shape } from "../emulator/shape.js";

/** Of the sketch that is asked about. */
export const uuid = "5ca1e000-0000-4000-8000-000000000000";
export const secret = "0123456789abcdef0123456789abcdef";

export interface StarAnswer {
  readonly bytes: number;
  /** How many agents are in it. */
  readonly answered: number;
}

export interface Star {
  /** Asks all and adds up. */
  ask(message: object): Promise<StarAnswer>;
  close(): Promise<void>;
}

export async function starOf({ agents }: Shape, nats: string | undefined): Promise<Star> {
  const meter = metered(nats === undefined ? new HttpTransport() : await connected(nats));
  const links = new AgentLinks(meter.transport);
  const children = Array.from(
    { length: agents },
    (_, i): Child => ({ address: addressOf(i), state: "unknown" }),
  );
  const name = "controller";
  const known = new KnownHosts(systemTime);
  const asker = {
    name,
    children,
    known,
    ask: links.ask,
    time: systemTime,
    compare: () => ({ lacks: false }),
  };
  const ask = async (message: object) => {
    const request = checkRequest({ ...message, scope: "host" });
    const kind = { algebra: nativeAlgebra, keyType: "src", increment: "pkt", capacity: 4096 } as const;
    const codec = counted(hittersCodec({ ...kind, secret: Buffer.from(secret, "hex") }, "src", 0.1));
    const own = () => Promise.reject(new Error("it counts nothing itself"));
    const before = meter.bytes();
    const { hosts } = await gather(asker, { request, own, codec, budgetMs: request.timeout_ms });
    return { bytes: meter.bytes() - before, answered: hosts.length };
  };
  return { ask, close: () => links.close() };
}

async function connected(nats: string): Promise<Transport> {
  const transport = await natsTransport({ servers: [nats] });
  await transport.connected();
  return transport;
}

function metered(inner: Transport): { readonly transport: Transport; readonly bytes: () => number } {
  let bytes = 0;
  const request: Transport["request"] = async (...given) => {
    const reply = await inner.request(...given);
    bytes += reply.bytes.length;
    return reply;
  };
  return { transport: { request, close: () => inner.close() }, bytes: () => bytes };
}
