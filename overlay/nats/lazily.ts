// The door to the NATS transport: its library is loaded by those alone that speak by it.

import type { NatsOptions, NatsTransport } from "./transport.js";

export async function natsTransport(options: NatsOptions): Promise<NatsTransport> {
  const { NatsTransport } = await import("./transport.js");
  return new NatsTransport(options);
}
