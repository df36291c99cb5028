// One POST to an agent over kept connections, with a deadline; failures of the network become TallyErrors.

import { type Dispatcher, errors, Pool } from "undici";
import { type AgentAddress, maxBodyBytes, maxHeadBytes, TallyError } from "./messages/index.js";

/** What came back, undecoded. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** Milliseconds past the agent's own deadline, for its answer to be written and to travel. */
const slackMs = 500;

const connections = 32;
const keepAliveMs = 10_000;

/** A pool of kept connections to one agent. */
export class Transport {
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
      maxResponseSize: maxHeadBytes + maxBodyBytes + 8,
    });
  }

  /**
   * Posts `body` as JSON and waits `timeoutMs` plus some slack for the whole answer.
   * Throws TallyError timeout (connected, no answer in time) or unavailable (not reached, or cut off).
   */
  async post(body: object, timeoutMs: number): Promise<Reply> {
    const waitMs = Math.ceil(timeoutMs) + slackMs;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), waitMs);
    try {
      return await readReply(await this.#pool.request(postOptions(body, waitMs, deadline.signal)));
    } catch (cause) {
      throw this.#explain(cause, timeoutMs);
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
    if (isTimeout(cause)) {
      const message = `no answer from ${name} within ${Math.ceil(timeoutMs)} ms: ask again with a larger timeout_ms`;
      return new TallyError("timeout", message, { cause });
    }
    if (cause instanceof errors.ResponseExceededMaxSizeError) {
      return new TallyError("too_large", `the answer of ${name} is too large to be read`, { cause });
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

async function readReply(response: Dispatcher.ResponseData): Promise<Reply> {
  const type = response.headers["content-type"];
  return {
    status: response.statusCode,
    contentType: (Array.isArray(type) ? type[0] : type) ?? "",
    bytes: Buffer.from(await response.body.arrayBuffer()),
  };
}

const isTimeout = (cause: unknown): boolean =>
  cause instanceof errors.HeadersTimeoutError ||
  cause instanceof errors.BodyTimeoutError ||
  (cause instanceof Error && cause.name === "AbortError");

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return (
    code
      .replace(/^UND_ERR_/, "")
      .toLowerCase()
      .replaceAll("_", " ") || "the connection failed"
  );
}
