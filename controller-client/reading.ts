// What an agent's reply says: an answer, a frame, or the error it stands for.

import type { Reply } from "./http-link.js";
import { decodeFrame, type Frame, frameContentType, fromErrorBody, TallyError } from "./messages/index.js";

/** The answer in a reply of the agent called `from`. Throws what the agent answered, or incompatible. */
export function answerIn(reply: Reply, from: string): unknown {
  const value = parse(reply, from);
  if (reply.status >= 200 && reply.status < 300) return value;
  throw fromErrorBody(value) ?? incompatible(from, `HTTP status ${reply.status}`);
}

/** The frame in a reply; its head is not checked. Throws as answerIn does. */
export function frameIn(reply: Reply, from: string): Frame {
  if (reply.status !== 200 || !reply.contentType.startsWith(frameContentType)) {
    answerIn(reply, from);
    throw incompatible(from, "no frame");
  }
  try {
    return decodeFrame(reply.bytes);
  } catch (cause) {
    throw incompatible(from, "a malformed frame", cause);
  }
}

function parse({ bytes, status }: Reply, from: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw incompatible(from, `HTTP status ${status} and no JSON`, cause);
  }
}

function incompatible(from: string, what: string, cause?: unknown): TallyError {
  const message = `${from} answers ${what}, not what an agent answers: check the address and its version`;
  return new TallyError("incompatible", message, { cause });
}
