// An agent that says what a test tells it to, over real HTTP, and remembers what it was asked.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished } from "vitest";
import { Client } from "../../controller-client/index.js";
import {
  decodeRequest,
  type Request,
  TallyError,
  toErrorBody,
} from "../../controller-client/messages/index.js";

/** A value goes out as JSON, a TallyError as its error body, a function answers by itself. */
export type FakeAnswer = object | number | string | ((response: ServerResponse) => void);

export interface FakeAgent {
  readonly at: string;
  readonly asked: readonly Request[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Starts on the loopback, on a free port when none is given. */
export async function startFakeAgent(
  answer: (request: Request) => FakeAnswer,
  wanted = 0,
): Promise<FakeAgent> {
  const asked: Request[] = [];
  let connections = 0;
  const server = createServer((message, response) => {
    readText(message)
      .then((text) => decodeRequest(message.headers["content-type"], text))
      .then((request) => {
        asked.push(request);
        send(response, answer(request));
      })
      .catch((error: unknown) => send(response, error as TallyError));
  });
  server.on("connection", () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { at: `127.0.0.1:${port}`, asked, connections: () => connections, close: () => closeServer(server) };
}

/** When the test ends, in this order. */
export function closeLater(...ones: readonly { readonly close: () => Promise<unknown> }[]): void {
  onTestFinished(async () => {
    for (const one of ones) await one.close();
  });
}

/** A client of an agent that always says the same; both end with the test. */
export async function connected(
  answer: FakeAnswer,
): Promise<{ readonly agent: FakeAgent; readonly client: Client }> {
  const agent = await startFakeAgent(() => answer);
  const client = new Client(agent.at);
  closeLater(client, agent);
  return { agent, client };
}

/** What it rejects with. */
export async function failure(promise: Promise<unknown>): Promise<TallyError> {
  const error = await promise.then(
    () => new Error("it resolved"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TallyError);
  return error as TallyError;
}

function send(response: ServerResponse, answer: FakeAnswer): void {
  if (typeof answer === "function") {
    answer(response);
    return;
  }
  const failed = answer instanceof TallyError;
  response.writeHead(failed ? answer.status : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(failed ? toErrorBody(answer) : answer));
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
