// The monitor's unix socket: frames in, frames out, several connections at once; a bad client loses only its own.

import { createServer, type Server, type Socket } from "node:net";
import {
  encodeFrame,
  type Frame,
  FrameReader,
  TallyError,
  toErrorBody,
} from "../controller-client/messages/index.js";
import type { Perform, Reply } from "./operations.js";
import { Seat, type Visit } from "./seat.js";
import { sentAnswers } from "./sent-answers.js";

const maxConnections = 64;
/** Bytes of one request; the largest is a sketch with its meta. */
const maxRequestBytes = 2 ** 20;
/** Answers that a client may leave unread before it is cut off, in bytes. */
const maxUnreadBytes = 512 * 2 ** 20;
/** Requests of one connection that may be under way at a time. */
const maxUnderWay = 1024;

/** Told of errors that no client caused. */
export type Report = (error: unknown) => void;

/** A server that answers by `perform`; not listening yet. */
export function monitorServer(perform: Perform, report: Report): Server {
  const seat = new Seat();
  const all = { perform, report, sent: sentAnswers() };
  const server = createServer((socket) => serve(socket, { ...all, visit: seat.visit() }));
  server.maxConnections = maxConnections;
  return server;
}

/** Stops listening, cuts all connections and waits until they are gone. */
export function closeServer(server: Server, connections: Iterable<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of connections) socket.destroy();
  });
}

/** The connections of a server, kept current. */
export function trackConnections(server: Server): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  return connections;
}

function serve(socket: Socket, answering: Answering): void {
  const reader = new FrameReader();
  let underWay = 0;
  socket.once("close", () => answering.visit.end());
  // A client that goes away in the middle of an answer is no error of ours.
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) {
        const request = readRequest(frame);
        underWay += 1;
        void answer(request, socket, answering).finally(() => {
          underWay -= 1;
        });
      }
      if (reader.pending > maxRequestBytes || underWay > maxUnderWay) socket.destroy();
    } catch {
      // Malformed: the stream is out of step, and what follows cannot be told from rubbish.
      socket.destroy();
    }
  });
}

interface Request {
  readonly id: number;
  readonly op: string;
  readonly fields: object;
}

interface Answering {
  readonly perform: Perform;
  readonly report: Report;
  readonly sent: (bytes: number) => void;
  readonly visit: Visit;
}

async function answer({ id, op, fields }: Request, socket: Socket, answering: Answering): Promise<void> {
  const { perform, report, sent, visit } = answering;
  const frame = await perform(op, fields, visit).then(
    (reply) => replyFrame(id, reply),
    (error: unknown) => {
      if (!(error instanceof TallyError) || error.code === "internal") report(error);
      return { head: { id, ...toErrorBody(error) }, body: new Uint8Array() };
    },
  );
  if (socket.destroyed) return;
  socket.write(encodeFrame(frame));
  sent(frame.body.length);
  if (socket.writableLength > maxUnreadBytes) socket.destroy();
}

function replyFrame(id: number, { fields, body }: Reply): Frame<object> {
  return { head: { ...fields, id, ok: true }, body: body ?? new Uint8Array() };
}

function readRequest({ head, body }: Frame): Request {
  const { id, op, ...fields } = head;
  if (!Number.isSafeInteger(id) || typeof op !== "string" || body.length > 0) {
    throw new TallyError("bad_request", "a request has an integer id, an op and no body");
  }
  return { id: id as number, op, fields };
}
