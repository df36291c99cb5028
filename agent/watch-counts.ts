// What a watch counts, asked as any question is: of this host, or of the whole subtree, over one span of seconds.

import { checkRequest, type Request, type Span, TallyError } from "../controller-client/messages/index.js";
import type { Codec, OwnPart } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import type { Finding, Sight } from "./alerts.js";
import type { Interval, LedgerEntries } from "./algebra.js";
import { noticeRestart } from "./counting.js";
import { ledgerKind } from "./handlers/locate.js";
import { viewOf } from "./ledger-view.js";
import type { Asked } from "./own-host.js";
import { type Counted, counted } from "./payloads/counted.js";
import { distinctCodec, ledgerCodec } from "./payloads/ledgers.js";
import { intervalCodec } from "./payloads/sums.js";
import { counterOf } from "./sketch.js";
import type { Watch } from "./watch.js";
import type { Watched } from "./watches.js";

/** One question about a counter. */
interface Reading<V> {
  readonly request: Request;
  readonly own: (budgetMs: number) => Promise<OwnPart<Counted<V>>>;
  readonly codec: Codec<V>;
  readonly findings: (value: V) => readonly Finding[];
}

export interface Looking {
  readonly watched: Watched;
  readonly span: Span;
  /** Keys to tell of in any case. */
  readonly keys: readonly string[];
  readonly budgetMs: number;
}

/** Counts for one watch. Rejects with TallyError when nobody counted. */
export async function sightOf(agent: Agent, looking: Looking): Promise<Sight> {
  const { key } = looking.watched.watch;
  if (key === undefined) return see(agent, looking, anyKey(agent, looking));
  if (key === "key_num") return see(agent, looking, keyNumber(agent, looking));
  return see(agent, looking, oneKey(agent, looking, key));
}

async function see<V>(agent: Agent, looking: Looking, reading: Reading<V>): Promise<Sight> {
  const { request, own, codec, findings } = reading;
  const { watched, span, budgetMs } = looking;
  const question = { request, own, codec: counted(codec), budgetMs };
  const gathered = await agent.tree.gather(question, watched.watch.scope);
  // One that this host refuses is tried again by and by.
  if (watched.sketch.problem === undefined) noticeRestart(agent, gathered);
  const { payload, hosts, missing, loss } = gathered;
  if (payload === undefined) throw gathered.error ?? new TallyError("unavailable", "no host counted");
  const { from } = payload.common ?? payload;
  return {
    findings: findings(payload.value),
    at: span.to,
    hosts: new Set(hosts),
    missing: missing.map(({ host }) => host),
    isCovered: from <= span.from && loss.gaps.length === 0,
  };
}

function anyKey(agent: Agent, looking: Looking): Reading<Uint8Array> {
  const { watch, asked, kind } = counterAsked(agent, looking);
  const view = viewOf(kind, watch.groupBy);
  const above = "above" in watch.limit ? BigInt(watch.limit.above) : 0n;
  return {
    request: requestOf(looking, { type: "query top" }),
    own: (budgetMs) => agent.own.ledger({ ...asked, budgetMs }),
    codec: ledgerCodec(kind),
    findings: (ledger) => {
      const beyond = findingsOf(view.entries(ledger, { above }));
      const found = new Set(beyond.map(({ key }) => key));
      const others = looking.keys.filter((key) => !found.has(key));
      return [...beyond, ...findingsOf(view.intervals(ledger, others))];
    },
  };
}

function keyNumber(agent: Agent, looking: Looking): Reading<Uint8Array> {
  const { asked } = counterAsked(agent, looking);
  return {
    request: requestOf(looking, { type: "query distinct" }),
    own: (budgetMs) => agent.own.distinct({ ...asked, budgetMs }),
    codec: distinctCodec(agent.algebra),
    findings: (set) => {
      const { count, lower, upper } = agent.algebra.distinctCount(set);
      const bounds = { lower: BigInt(Math.floor(lower)), upper: BigInt(Math.ceil(upper)) };
      return [{ key: "key_num", value: BigInt(Math.round(count)), ...bounds }];
    },
  };
}

function oneKey(agent: Agent, looking: Looking, key: string): Reading<Interval> {
  const { watch, asked } = counterAsked(agent, looking);
  const one = { ...asked, groupBy: watch.groupBy };
  return {
    request: requestOf(looking, { type: "query sketch", counter_key: key }),
    own: (budgetMs) =>
      key === "total" ? agent.own.total({ ...one, budgetMs }) : agent.own.interval({ ...one, budgetMs }, key),
    codec: intervalCodec,
    findings: (interval) => [{ key, value: interval.lower, ...interval }],
  };
}

/** The counter, as this host is asked: with what was lost, which tells of gaps. */
function counterAsked(agent: Agent, { watched: { sketch, watch }, span: window }: Looking) {
  const counter = counterOf(sketch, watch.keyType);
  const asked: Omit<Asked, "budgetMs"> = { sketch, counter, window, detail: true };
  return { watch, asked, kind: ledgerKind(agent, { sketch, counter }) };
}

function requestOf({ watched: { sketch, watch }, span: window }: Looking, more: object): Request {
  const counter = { sketch: sketch.uuid, counter_key_type: watch.keyType };
  return checkRequest({ ...more, ...counter, ...groupOf(watch), window, detail: true });
}

const groupOf = ({ key, groupBy }: Watch) =>
  groupBy === undefined || key === "key_num" ? {} : { group_by: groupBy };

const findingsOf = ({ keys, lower, upper }: LedgerEntries): readonly Finding[] =>
  keys.map((key, i) => ({ key, value: lower[i] ?? 0n, lower: lower[i] ?? 0n, upper: upper[i] ?? 0n }));
