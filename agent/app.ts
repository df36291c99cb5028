// The HTTP face of an agent: builds the server, listens to nothing.

import type { Socket } from "node:net";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Agent } from "./agent.js";
import { answer } from "./answering.js";
import { bodyLimit, discardRest, rawFailure, sendFailure, sendNotServed } from "./failures.js";
import { isMonitorUp, statusOf } from "./handlers/status.js";

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
  app.setErrorHandler(async (error, request, reply) => {
    await discardRest(request.raw);
    return sendFailure(reply, error, app.log);
  });
  app.setNotFoundHandler((request, reply) => sendNotServed(request.url.split("?", 1)[0] ?? "", reply));
  app.post("/", (request, reply) => post(agent, request, reply));
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

async function post(
  agent: Agent,
  { headers, body, raw }: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const said = await answer(agent, {
    contentType: headers["content-type"],
    text: typeof body === "string" ? body : "",
    localAddress: raw.socket.localAddress?.replace(/^::ffff:/, ""),
    signal: goneSignal(reply),
  });
  return reply.type(said.contentType).send(said.body);
}

function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => raw.writableFinished || gone.abort());
  return gone.signal;
}

function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return;
  socket.end(rawFailure(error.code));
}
