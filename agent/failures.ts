// How anything that goes wrong leaves the agent: one JSON form, the status of its code, no detail of unknown errors.

import type { IncomingMessage } from "node:http";
import type { FastifyBaseLogger, FastifyReply } from "fastify";
import { type ErrorBody, TallyError, toErrorBody } from "../controller-client/messages/index.js";

/** Answers with an error. */
export function sendFailure(reply: FastifyReply, error: unknown, log: FastifyBaseLogger): FastifyReply {
  const { status, body } = failureOf(error, log);
  return reply.status(status).send(body);
}

export interface Failure {
  readonly status: number;
  readonly body: ErrorBody;
}

/** What is told of an error. An unknown one is logged, here and nowhere else. */
export function failureOf(error: unknown, log: FastifyBaseLogger): Failure {
  const known = asTallyError(error);
  if (known === undefined || known.code === "internal")
    log.error({ problem: described(error) }, "a request failed inside");
  return { status: known?.status ?? 500, body: toErrorBody(known ?? error) };
}

// Bounded: what a request brought may be in an error's text.
function described(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.slice(0, longestLogged);
}

const longestLogged = 4000;

/** Errors of the HTTP layer in the words of the messages; undefined for what is nobody's fault but ours. */
function asTallyError(error: unknown): TallyError | undefined {
  if (error instanceof TallyError) return error;
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new TallyError("too_large", `the body exceeds ${bodyLimit} bytes: send a smaller one`, {
      field: "body",
      cause: error,
    });
  }
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode >= 500) return undefined;
  return new TallyError("bad_request", "the HTTP request is malformed", { cause: error });
}

/** Bytes of a request body: the longest names 1024 keys. */
export const bodyLimit = 320 * 1024;

/** Of a body that is refused; who sends more, or more slowly, may miss the answer. */
const discarded = { bytes: 16 * 1024 * 1024, ms: 1000 };

/** Lets the rest of a body go by: a sender whose connection is closed while it sends does not read the answer. */
export function discardRest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.readableEnded || request.destroyed) return resolve();
    const timer = setTimeout(resolve, discarded.ms);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    let left = discarded.bytes;
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) done();
    });
    request.once("end", done).once("close", done);
  });
}

/** What is served: path to method. */
const served: ReadonlyMap<string, string> = new Map([
  ["/", "POST"],
  ["/status", "GET"],
  ["/healthz", "GET"],
]);

/** 405 where only the method is wrong, else 404. */
export function sendNotServed(path: string, reply: FastifyReply): FastifyReply {
  const method = served.get(path);
  if (method === undefined) {
    const error = new TallyError("not_found", "nothing is served at this path: POST messages to /");
    return reply.status(error.status).send(toErrorBody(error));
  }
  const error = new TallyError("unsupported", `${path} takes ${method} only`);
  return reply.status(405).header("allow", method).send(toErrorBody(error));
}

/** The answer to bytes that are not even HTTP, or came too slowly. */
export function rawFailure(code: string | undefined): string {
  const [status, text] = rawStatus(code);
  const body = JSON.stringify(toErrorBody(new TallyError("bad_request", text)));
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return `${head}\r\nconnection: close\r\n\r\n${body}`;
}

function rawStatus(code: string | undefined): readonly [status: string, text: string] {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["408 Request Timeout", "the request came too slowly"];
  if (code === "HPE_HEADER_OVERFLOW")
    return ["431 Request Header Fields Too Large", "the headers are too large"];
  return ["400 Bad Request", "this is no HTTP request"];
}
