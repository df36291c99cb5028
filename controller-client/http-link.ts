// POSTs to one agent over kept connections, each with a budget of time and bytes; failures of the network become
// TallyErrors.

import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";
import Pool from "undici/lib/dispatcher/pool.js";
import { type AgentAddress, TallyError } from "./messages/index.js";

/** What came back, undecoded. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** What one request may cost. */
export interface Budget {
  /** Milliseconds that the agent has for its answer. */
  readonly ms: number;
  /** The longest answer that is read. */
  readonly bytes: number;
}

/** Milliseconds past the agent's own deadline, for its answer to be written and to travel. */
const slackMs = 500;

const connections = 32;
const keepAliveMs = 10_000;

/** A pool of kept connections to one agent. */
export class HttpLink {
  readonly #agent: AgentAddress;
  readonly #pool: Pool;

  /** `connectMs`: longest wait for a connection, in milliseconds. */
  constructor(agent: AgentAddress, connectMs: number) {
    this.#agent = agent;
    this.#pool = new Pool(agent.url, {
      connections,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      connect: { timeout: connectMs },
    });
  }

  /**
   * Posts `body` as JSON and waits the budget's time plus some slack for the whole answer. Throws TallyError timeout
   * (connected, no answer in time), unavailable (not reached, or cut off) or too_large, having read no more than the
   * budget's bytes.
   */
  async post(body: object, budget: Budget): Promise<Reply> {
    const waitMs = Math.ceil(budget.ms) + slackMs;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), waitMs);
    try {
      const response = await request.call(this.#pool, postOptions(body, waitMs, deadline.signal));
      return await readReply(response, budget.bytes);
    } catch (cause) {
      throw this.#explain(cause, budget.ms);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connections; requests under way fail with unavailable. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #explain(cause: unknown, timeoutMs: number): TallyError {
    const { name } = this.#agent;
    if (cause instanceof TallyError) return new TallyError(cause.code, `${cause.message} of ${name}`);
    if (isTimeout(cause)) {
      const message = `no answer from ${name} within ${Math.ceil(timeoutMs)} ms: ask again with a larger timeout_ms`;
      return new TallyError("timeout", message, { cause });
    }
    const message = `cannot reach an agent at ${name} (${reasonOf(cause)}): check the address and that it runs there`;
    return new TallyError("unavailable", message, { cause });
  }
}

const postOptions = (body: object, waitMs: number, signal: AbortSignal): Dispatcher.RequestOptions => ({
  method: "POST",
  path: "/",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
  headersTimeout: waitMs,
  bodyTimeout: waitMs,
  signal,
});

async function readReply(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  mostBytes: number,
): Promise<Reply> {
  const type = headers["content-type"];
  return {
    status: statusCode,
    contentType: (Array.isArray(type) ? type[0] : type) ?? "",
    bytes: await readBody(body, mostBytes),
  };
}

// Leaving the loop early cuts the connection: what more was coming is never read.
async function readBody(body: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes) throw tooLong(mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** An answer that exceeds its budget of bytes. */
export const tooLong = (mostBytes: number): TallyError =>
  new TallyError("too_large", `more than the ${mostBytes} bytes that can be the answer`);

const isTimeout = (cause: unknown): boolean =>
  /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(codeOf(cause)) ||
  (cause instanceof Error && cause.name === "AbortError");

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "";

/** What the system's codes mean to who reads them. */
const reasons: Readonly<Record<string, string>> = {
  EAI_AGAIN: "its name cannot be looked up",
  ENOTFOUND: "there is no host of that name",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it cut the connection",
  EHOSTUNREACH: "no such host answers",
  ENETUNREACH: "there is no route to it",
  UND_ERR_CONNECT_TIMEOUT: "no answer to the connection",
  UND_ERR_SOCKET: "it cut the connection",
};

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  return reasons[code] ?? (code === "" ? "the connection failed" : code.toLowerCase().replaceAll("_", " "));
}
