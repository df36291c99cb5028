// Messages to other agents, over whatever transport: questions to children, and any other message to anybody.

import { answerTime } from "../controller-client/client.js";
import type { RequestInput } from "../controller-client/index.js";
import type { AgentAddress, Answer } from "../controller-client/messages/index.js";
import { answerIn, frameIn } from "../controller-client/reading.js";
import type { Ask } from "./ask.js";
import { HttpTransport } from "./http-transport.js";
import type { Transport } from "./transport.js";

/** Answers to messages that are no questions about counts. */
const shortAnswer = 2 ** 20;

export class AgentLinks {
  readonly #transport: Transport;

  constructor(transport: Transport = new HttpTransport()) {
    this.#transport = transport;
  }

  /** Asks a child. */
  readonly ask: Ask = async ({ address }, request, ms, bytes = shortAnswer) => {
    const message: RequestInput = { ...request, form: "partial" };
    return frameIn(await this.#transport.request(address, message, { ms, bytes }), address.name);
  };

  /** Sends any message to any agent; rejects with TallyError. */
  async send<R extends RequestInput>(to: AgentAddress, request: R): Promise<Answer<R["type"]>> {
    const budget = { ms: answerTime(request), bytes: shortAnswer };
    return answerIn(await this.#transport.request(to, request, budget), to.name) as Answer<R["type"]>;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
