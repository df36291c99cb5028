// The way of every question about counts: the own part and the children's, added up, then as a frame for a parent,
// bare for old scripts, or in detail.

import {
  type AnswerWindow,
  type Coverage,
  type Loss,
  type RequestOf,
  TallyError,
} from "../controller-client/messages/index.js";
import {
  type Codec,
  clocksOff,
  encodePartial,
  failureOf,
  type Gathered,
  hostsBehind,
  noClocks,
  noLoss,
  type OwnPart,
} from "../overlay/index.js";
import { type Agent, type Call, isRelayed, type Outcome } from "./agent.js";
import type { Window } from "./algebra.js";
import { type Counted, counted } from "./payloads/counted.js";
import type { KeyIntervals } from "./payloads/key-intervals.js";
import { firstRoundShare, type SecondRound, secondRound } from "./second-round.js";
import type { Sketch } from "./sketch.js";

/** Questions about one counter of a sketch. */
export type CounterQuery = RequestOf<
  | "query sketch"
  | "query heavy hitters"
  | "query real time counter"
  | "query top"
  | "query change"
  | "query distinct"
  | "query entropy"
  | "query distribution"
  | "query key intervals"
  | "query spread"
  | "query taxonomy"
>;

export type CountingRequest = CounterQuery | RequestOf<"query counter" | "query sizes">;

export interface Counting<V> {
  readonly request: CountingRequest;
  readonly window: Window;
  readonly own: (budgetMs: number) => Promise<OwnPart<Counted<V>>>;
  readonly codec: Codec<V>;
  readonly bare: (value: V, again?: SecondRound) => unknown;
  /** The fields of the detailed answer but window, coverage and loss. */
  readonly detail: (value: V, again?: SecondRound) => object;
  /** What to ask once more when this value is not certain enough; absent: nothing ever. */
  readonly refine?: (value: V) => Again | undefined;
}

/** A second round. */
export interface Again {
  readonly keys: readonly string[];
  readonly counting: Counting<KeyIntervals>;
}

/** Answers a question. Throws TallyError when no host at all answered: there is no right number then. */
export async function countOver<V>(agent: Agent, call: Call, counting: Counting<V>): Promise<Outcome> {
  const { request, own } = counting;
  const codec = counted(counting.codec);
  const { path } = call;
  const isTwofold = counting.refine !== undefined && !isRelayed(request);
  const budgetMs = isTwofold ? call.budgetMs * firstRoundShare : call.budgetMs;
  const gathered = await agent.tree.gather({ request, own, codec, budgetMs, path }, request.scope);
  noticeRestart(agent, gathered);
  if (isRelayed(request)) return framed(agent, call, gathered, { codec, known: request.known });
  if (gathered.payload === undefined) throw nobody(gathered.error);
  requireHosts(gathered, request.require);
  const { value } = gathered.payload;
  const again = await askAgain(agent, call, gathered, counting.refine?.(value));
  if (!request.detail) return { json: counting.bare(value, again) };
  const detail = { ...counting.detail(value, again), ...(again === undefined ? {} : { refined: true }) };
  return { json: { ...detail, ...evidence(gathered, gathered.payload, counting.window) } };
}

/** A subtree's answer, as a parent adds it up: with this agent's clock and what it has of the configuration. */
export function framed<P>(
  agent: Agent,
  { received }: Call,
  gathered: Gathered<P>,
  { codec, known }: { readonly codec: Codec<P>; readonly known: string | undefined },
): Outcome {
  const clock = { received, sent: agent.now() };
  const taken = agent.membership.role === "static" ? {} : { taken: agent.wanted.taken };
  return { frame: encodePartial({ ...gathered, clock, ...taken }, codec, known) };
}

/** The second round, when the same hosts answered it. One that was begun anew in between may count less: no use. */
async function askAgain(
  agent: Agent,
  { leftMs, path }: Call,
  { hosts }: Asked,
  again: Again | undefined,
): Promise<SecondRound | undefined> {
  if (again === undefined) return undefined;
  const { request, own, codec } = again.counting;
  const question = { request, own, codec: counted(codec), budgetMs: leftMs(), path };
  const second = await agent.tree.gather(question, request.scope);
  const first = new Set(hosts);
  if (second.payload === undefined || second.hosts.length !== first.size) return undefined;
  if (!second.hosts.every((host) => first.has(host))) return undefined;
  return secondRound(again.keys, second.payload.value);
}

/** A parent asks for a sketch that this agent does not know: nobody below can be added up without its secret. */
export function withoutSketch(agent: Agent, { uuid }: Pick<Sketch, "uuid">): Outcome {
  const { name, tree, upkeep } = agent;
  const unknown = { reason: "no_sketch", message: `no sketch ${uuid} yet` } as const;
  // An agent whose monitor does not answer takes no configuration.
  const own = upkeep.problem === undefined ? unknown : failureOf(upkeep.problem);
  const below = tree.hostsBelow().map((host) => ({ host, ...unknown }));
  const missing = [{ host: name, ...own }, ...below];
  return { frame: { head: { name, hosts: [], missing, loss: noLoss }, body: new Uint8Array() } };
}

interface Evidence {
  readonly window: AnswerWindow;
  readonly coverage: Coverage;
  readonly loss: Loss;
}

function evidence(gathered: Gathered<unknown>, covered: Counted<unknown>, window: Window): Evidence {
  return { window: windowOf(covered, window), coverage: coverageOf(gathered), loss: gathered.loss };
}

/** The window of an answer. Times since counters were made differ a little on all hosts: no need to say so. */
export function windowOf({ from, to, common }: Omit<Counted<unknown>, "value">, asked: Window): AnswerWindow {
  if (typeof asked === "string") return { kind: asked, from, to };
  return { kind: "span", from, to, ...(common === undefined ? {} : { common }) };
}

type Asked = Pick<Gathered<unknown>, "hosts" | "missing" | "clocks" | "behind">;

export function coverageOf({ hosts, missing, clocks = noClocks, behind = [] }: Asked): Coverage {
  const expected = hosts.length + missing.length;
  const clock_off = clocksOff(clocks);
  const off = clock_off.length === 0 ? {} : { clock_off };
  const late = behind.length === 0 ? {} : { revision_behind: hostsBehind(behind) };
  return { expected, answered: hosts, missing, complete: missing.length === 0, ...off, ...late };
}

/** Throws incomplete when fewer hosts answered than the question wants. */
function requireHosts({ hosts, missing }: Asked, required: "all" | number | undefined): void {
  const expected = hosts.length + missing.length;
  const least = required === "all" ? expected : expected * (required ?? 0);
  if (hosts.length >= least) return;
  const named = missing.slice(0, mostNamed).map(({ host, reason }) => `${host}: ${reason}`);
  const more = missing.length > mostNamed ? `, and ${missing.length - mostNamed} more` : "";
  const who = `${missing.length} of ${expected} hosts are missing (${named.join(", ")}${more})`;
  const message = `${who}, and require is ${required}: ask again, with a smaller share, or without require`;
  throw new TallyError("incomplete", message, { field: "require" });
}

const mostNamed = 20;

/** An answer without this host may be told by a monitor that was begun anew. */
export function noticeRestart({ upkeep }: Agent, { error }: Gathered<unknown>): void {
  if (error instanceof TallyError && error.code === "not_found") upkeep.markStale();
}

function nobody(cause: unknown): unknown {
  if (!(cause instanceof TallyError)) return cause;
  // What is missing is not in the message but on this host for the moment.
  return cause.code === "not_found" ? new TallyError("unavailable", cause.message, { cause }) : cause;
}
