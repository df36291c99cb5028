// The default transport: one typed client an agent, kept while this agent lives.

import { Client, type RequestInput } from "../controller-client/index.js";
import type { AgentAddress, Answer } from "../controller-client/messages/index.js";
import type { Ask } from "./ask.js";

export class AgentLinks {
  readonly #clients = new Map<string, Client>();

  /** Asks a child by HTTP. */
  readonly ask: Ask = (child, request) => this.#to(child.address).partial(request);

  /** Sends any message to any agent; rejects with TallyError. */
  send<R extends RequestInput>(address: AgentAddress, request: R): Promise<Answer<R["type"]>> {
    return this.#to(address).request(request);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
    this.#clients.clear();
  }

  #to({ name, url }: AgentAddress): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = new Client(url);
    this.#clients.set(name, client);
    return client;
  }
}
