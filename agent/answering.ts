// One message in, one reply out, by whatever transport it came.

import {
  decodeRequest,
  encodeFrame,
  frameContentType,
  type Request,
} from "../controller-client/messages/index.js";
import type { Agent, Call } from "./agent.js";
import { handle } from "./handlers/index.js";
import { jsonText } from "./json-text.js";

/** A message as it came. */
export interface Arrival {
  readonly contentType: string | undefined;
  readonly text: string;
  /** The address of this host that it came to, if to one. */
  readonly localAddress: string | undefined;
  /** Aborted when the asker is gone. */
  readonly signal: AbortSignal;
}

export interface Said {
  readonly contentType: string;
  readonly body: Buffer | string;
}

/** Carries out a message. Rejects with TallyError. */
export async function answer(agent: Agent, { contentType, text, ...came }: Arrival): Promise<Said> {
  const received = agent.now();
  const message = decodeRequest(contentType, text);
  const outcome = await handle(agent, message, { ...came, ...termsOf(agent, message), received });
  if ("frame" in outcome) return { contentType: frameContentType, body: encodeFrame(outcome.frame) };
  // Serialized here: a bare number or text is JSON too.
  return { contentType: "application/json; charset=utf-8", body: jsonText(outcome.json) };
}

function termsOf({ time }: Agent, message: Request): Pick<Call, "budgetMs" | "leftMs" | "path"> {
  const started = time.elapsed();
  const budgetMs = message.budget_ms ?? message.timeout_ms + testMs(message);
  const leftMs = () => Math.max(1, budgetMs - (time.elapsed() - started));
  return { budgetMs, leftMs, path: message.path ?? [] };
}

const testMs = (message: Request): number => (message.type === "query bw" ? message.seconds * 1000 : 0);
