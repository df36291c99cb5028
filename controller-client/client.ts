// The typed client of one agent: a method per message, bare answers by default, details on demand.

import { HttpLink, type Reply } from "./http-link.js";
import type { Command, OpenQuery, Query, RequestInput } from "./inputs.js";
import {
  type Answer,
  type Frame,
  maxBodyBytes,
  maxHeadBytes,
  parseAgentAddress,
  type RequestType,
} from "./messages/index.js";
import { answerIn, frameIn } from "./reading.js";

export interface ClientOptions {
  /** "10.0.0.5", "10.0.0.5:8000" or "http://10.0.0.5:8000". */
  readonly url: string;
  /** `timeout_ms` of messages that do not give their own, in milliseconds (50 to 60000). Default 1000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 1000;

/**
 * A client of the agent at one address. Every method rejects with TallyError: what the agent answered,
 * `unavailable` when it cannot be reached, `timeout` when it does not answer in time, `incompatible` when
 * what answers is no agent of this kind. Counts are numbers up to 2^53 and decimal strings above.
 * Keeps connections open: call `close` at the end.
 */
export class Client {
  readonly #link: HttpLink;
  readonly #timeoutMs: number | undefined;
  readonly #name: string;

  constructor(target: string | ClientOptions) {
    const { url, timeoutMs } = typeof target === "string" ? { url: target } : target;
    const agent = parseAgentAddress(url, "url");
    this.#name = agent.name;
    this.#timeoutMs = timeoutMs;
    this.#link = new HttpLink(agent, timeoutMs ?? defaultTimeoutMs);
  }

  /** Makes a sketch on the agent's host and all hosts below; resolves to its id on this agent. */
  readonly configSketch: Command<"config sketch", never> = this.#ask("config sketch");

  /** Adds a counter to a sketch; resolves to a text that starts with "ok". */
  readonly configSketchCounter: Command<"config sketch counter", "sketch_id" | "counter_key_type"> =
    this.#ask("config sketch counter");

  /** Ends a sketch and its counters here and below. */
  readonly deleteSketch: Command<"delete sketch", "sketch_id"> = this.#ask("delete sketch");

  /** One number: the count of a key, or `key_num`, `real_time_key_num` (distinct keys), `total`. */
  readonly sketch: Query<"query sketch", "sketch_id" | "counter_key_type" | "counter_key"> =
    this.#ask("query sketch");

  /** The keys above a share of the traffic (or the top `k`) with their counts over all hosts asked. */
  readonly heavyHitters: Query<"query heavy hitters", "sketch_id" | "counter_key_type"> =
    this.#ask("query heavy hitters");

  /** Counts by key of the last closed second and the current one. */
  readonly realTimeCounter: Query<"query real time counter", "sketch_id" | "counter_key_type"> =
    this.#ask("query real time counter");

  /** The `k` (10) keys with the largest counts; details tell which ranks are certain. */
  readonly top: Query<"query top", "sketch_id" | "counter_key_type"> = this.#ask("query top");

  /** The number of distinct keys, of the `window` "all" or "realtime". */
  readonly distinct: Query<"query distinct", "sketch_id" | "counter_key_type"> = this.#ask("query distinct");

  /** Shannon entropy in bits of the counts by key. */
  readonly entropy: Query<"query entropy", "sketch_id" | "counter_key_type"> = this.#ask("query entropy");

  /** Sizes of flows (keys) over powers of two: [[from, to, flows], ...]. */
  readonly distribution: Query<"query distribution", "sketch_id" | "counter_key_type"> =
    this.#ask("query distribution");

  /** Who owns how many distinct keys of the counter: by `group_by` "src" of "src_dst", whom each source talks to. */
  readonly spread: Query<"query spread", "sketch_id" | "counter_key_type" | "group_by"> =
    this.#ask("query spread");

  /** How large the packets of a sketch made with `sizes` are: quantiles, mean and a histogram of IP total lengths. */
  readonly sizes: Query<"query sizes", "sketch_id"> = this.#ask("query sizes");

  /** Flows that stand out: by size (elephant), duration (tortoise), rate (cheetah), burstiness (porcupine). */
  readonly taxonomy: Query<"query taxonomy", "sketch_id" | "counter_key_type"> = this.#ask("query taxonomy");

  /** The keys whose counts changed most from `before` to `window`, by how much. */
  readonly change: Query<"query change", "sketch_id" | "counter_key_type"> = this.#ask("query change");

  /** Starts the exact count of one rule. */
  readonly configCounter: Command<"config counter", never> = this.#ask("config counter");

  /** [packets, IP bytes] of the rule that `configCounter` made with the same fields. */
  readonly counter: OpenQuery<"query counter"> = this.#ask("query counter");

  /** Bandwidth from `src` to `dst` in MBytes/s (10^6 bytes), by a test of `seconds` (3). */
  readonly bw: Query<"query bw", "src" | "dst"> = this.#ask("query bw");

  /** All sketches of the agent. */
  readonly sketches: OpenQuery<"query sketches"> = this.#ask("query sketches");

  /** Judges a count each second from now on; resolves to the watch's id on this agent. */
  readonly watch: Command<"watch", "sketch_id" | "counter_key_type"> = this.#ask("watch");

  /** Ends a watch here and below, and forgets its alerts. */
  readonly unwatch: Command<"unwatch", "watch_id"> = this.#ask("unwatch");

  /** What came of watches, the newest first; with `detail` also what is possible, what could not be judged, coverage. */
  readonly alerts: OpenQuery<"query alerts"> = this.#ask("query alerts");

  /** State of the agent, its monitor and its tap. */
  readonly status: OpenQuery<"query status"> = this.#ask("query status");

  /** Puts the agent at `agent_addr` below this one. */
  readonly addLeafAgent: Command<"add leaf agent", "agent_addr"> = this.#ask("add leaf agent");

  /** The agents right below this one: addresses, or with `detail` their state. */
  readonly leafAgents: OpenQuery<"query leaf agents"> = this.#ask("query leaf agents");

  /** Names of the agents that should answer; with `detail` their places and states. */
  readonly roster: OpenQuery<"query roster"> = this.#ask("query roster");

  /** Takes an agent off the roster for good. */
  readonly expelAgent: Command<"expel agent", "agent"> = this.#ask("expel agent");

  /** Gives an agent of the roster another name. */
  readonly renameAgent: Command<"rename agent", "agent" | "name"> = this.#ask("rename agent");

  /** Sends any message; resolves to its bare or detailed answer. The agent checks the fields. */
  async request<R extends RequestInput>(request: R): Promise<Answer<R["type"]>> {
    return answerIn(await this.#post(request), this.#name) as Answer<R["type"]>;
  }

  /** Asks as a parent does: the answer is a frame that can be merged. Its head is not checked. */
  async partial(request: RequestInput): Promise<Frame> {
    return frameIn(await this.#post({ ...request, form: "partial" }), this.#name);
  }

  /** Ends all connections. Requests under way fail with unavailable. */
  async close(): Promise<void> {
    await this.#link.close();
  }

  // The public types above say what each type takes and answers; at run time all are the same call.
  #ask<F>(type: RequestType): F {
    const ask = (fields: object = {}): Promise<unknown> => this.request({ ...fields, type } as RequestInput);
    return ask as F;
  }

  #post(request: RequestInput): Promise<Reply> {
    const timeout = this.#timeoutMs === undefined ? {} : { timeout_ms: this.#timeoutMs };
    const body = { ...timeout, ...request };
    return this.#link.post(body, { ms: answerTime(body), bytes: longestAnswer });
  }
}

/** What any frame may be. */
const longestAnswer = maxHeadBytes + maxBodyBytes + 8;

/** How long the agent may take, in milliseconds: what is left of the budget, or the timeout and the test's seconds. */
export function answerTime(request: RequestInput): number {
  const { budget_ms, timeout_ms = defaultTimeoutMs } = request;
  const seconds = request.type === "query bw" || request.type === "serve bw" ? (request.seconds ?? 3) : 0;
  return budget_ms ?? timeout_ms + seconds * 1000;
}
