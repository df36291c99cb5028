// The HTTP face of an agent: builds the server, listens to nothing.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import {
  decodeRequest,
  encodeFrame,
  frameContentType,
  type Request,
} from "../controller-client/messages/index.js";
import type { Agent, Call } from "./agent.js";
import { bodyLimit, rawFailure, sendFailure, sendNotServed } from "./failures.js";
import { handle } from "./handlers/index.js";
import { isMonitorUp, statusOf } from "./handlers/status.js";
import { jsonText } from "./json-text.js";

/** Node's own limits are minutes; messages are small and their senders near. */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
};
const maxConnections = 1024;
const statusMs = 1000;

/** The routes of one agent. */
export function buildApp(agent: Agent, loggerInstance: FastifyBaseLogger): FastifyInstance {
  const { requestTimeout, ...http } = limits;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout,
    http,
    forceCloseConnections: true,
    clientErrorHandler: refuseRaw,
    frameworkErrors: (error, _request, reply) => void sendFailure(reply, error, loggerInstance),
  });
  app.server.maxConnections = maxConnections;
  takeAnyBody(app);
  app.setErrorHandler((error, _request, reply) => sendFailure(reply, error, app.log));
  app.setNotFoundHandler((request, reply) => sendNotServed(request.url.split("?", 1)[0] ?? "", reply));
  app.post("/", (request, reply) => answer(agent, request, reply));
  app.get("/status", () => statusOf(agent, statusMs));
  app.get("/healthz", async () => ({ ok: true, monitor: await isMonitorUp(agent) }));
  return app;
}

const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;|$)/;

// The messages decide what a body is; old clients send forms, and strings without any content type.
function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async ({ raw }) => {
    if (!mediaType.test(raw.headers["content-type"] ?? "")) delete raw.headers["content-type"];
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

async function answer(agent: Agent, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const received = agent.now();
  const text = typeof request.body === "string" ? request.body : "";
  const message = decodeRequest(request.headers["content-type"], text);
  const call = { ...callOf(message, request.raw, reply), received };
  const outcome = await handle(agent, message, call);
  if ("frame" in outcome) return reply.type(frameContentType).send(encodeFrame(outcome.frame));
  // Serialized here: a bare number or text is JSON too.
  return reply.type("application/json; charset=utf-8").send(jsonText(outcome.json));
}

function callOf(
  message: Request,
  { socket }: IncomingMessage,
  { raw }: FastifyReply,
): Omit<Call, "received"> {
  const started = performance.now();
  const budgetMs = message.budget_ms ?? message.timeout_ms + testMs(message);
  const gone = new AbortController();
  raw.once("close", () => raw.writableFinished || gone.abort());
  const localAddress = socket.localAddress?.replace(/^::ffff:/, "");
  const leftMs = () => Math.max(1, budgetMs - (performance.now() - started));
  return { budgetMs, leftMs, path: message.path ?? [], localAddress, signal: gone.signal };
}

const testMs = (message: Request): number => (message.type === "query bw" ? message.seconds * 1000 : 0);

function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return;
  socket.end(rawFailure(error.code));
}
