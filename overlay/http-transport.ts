// The default transport: HTTP, with connections to each agent kept while this agent lives.

import { HttpLink } from "../controller-client/http-link.js";
import type { RequestInput } from "../controller-client/index.js";
import type { AgentAddress } from "../controller-client/messages/index.js";
import type { Budget, Reply, Transport } from "./transport.js";

/** Longest wait for a connection. */
const connectMs = 1000;

export class HttpTransport implements Transport {
  readonly #links = new Map<string, HttpLink>();

  request(to: AgentAddress, message: RequestInput, budget: Budget): Promise<Reply> {
    return this.#to(to).post(message, budget);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  #to(agent: AgentAddress): HttpLink {
    const known = this.#links.get(agent.name);
    if (known !== undefined) return known;
    const link = new HttpLink(agent, connectMs);
    this.#links.set(agent.name, link);
    return link;
  }
}
