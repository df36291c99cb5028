// The face of an agent towards a message bus: what answer() says, as the reply to a message's text.

import type { FastifyBaseLogger } from "fastify";
import type { Reply } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import { answer } from "./answering.js";
import { failureOf } from "./failures.js";

/** On a bus nobody hears that an asker is gone. */
const staying = new AbortController().signal;
const json = "application/json; charset=utf-8";

export function responder(agent: Agent, log: FastifyBaseLogger): (text: string) => Promise<Reply> {
  return async (text) => {
    try {
      const arrival = { contentType: json, text, localAddress: undefined, signal: staying };
      const { contentType, body } = await answer(agent, arrival);
      return { status: 200, contentType, bytes: Buffer.from(body) };
    } catch (error) {
      const { status, body } = failureOf(error, log);
      return { status, contentType: json, bytes: Buffer.from(JSON.stringify(body)) };
    }
  };
}
