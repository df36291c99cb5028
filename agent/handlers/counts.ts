// `query sketch`: one number of a counter over all hosts asked.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import type { Interval, Window } from "../algebra.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import type { Asked } from "../own-host.js";
import { distinctCodec } from "../payloads/ledgers.js";
import { intervalCodec } from "../payloads/sums.js";
import { bareCount, countDetail, unitOf } from "../render.js";
import { resolved } from "../windows.js";
import { checkedKey, type Located, locate } from "./locate.js";

type Query = RequestOf<"query sketch">;

/** Words that stand where a key stands. */
const realTimeWord = "real_time_key_num";
const distinctWords: readonly string[] = ["key_num", realTimeWord];
const totalWord = "total";

export const querySketch: Handler<"query sketch"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  if (distinctWords.includes(query.counter_key)) {
    return countOver(agent, call, distinctKeys(agent, query, located));
  }
  return countOver(agent, call, oneCount(agent, query, located));
};

function oneCount(agent: Agent, query: Query, { request, sketch, counter }: Located): Counting<Interval> {
  const isTotal = query.counter_key === totalWord;
  const key = isTotal ? totalWord : checkedKey(agent, query);
  const { detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  return {
    request: { ...request, ...absolute, counter_key: key } as Query,
    window,
    own: (budgetMs) => {
      const asked: Asked = { sketch, counter, window, detail, budgetMs };
      return isTotal ? agent.own.total(asked) : agent.own.interval(asked, key);
    },
    codec: intervalCodec,
    bare: bareCount,
    detail: (interval) => countDetail(interval, unitOf(counter.increment)),
  };
}

function distinctKeys(
  agent: Agent,
  query: Query,
  { request, sketch, counter }: Located,
): Counting<Uint8Array> {
  const { detail, counter_key } = query;
  const absolute = resolved(query, agent.now());
  const window: Window = counter_key === realTimeWord ? "realtime" : absolute.window;
  const count = (set: Uint8Array) => agent.algebra.distinctCount(set);
  return {
    request: { ...request, ...absolute.request } as Query,
    window,
    own: (budgetMs) => agent.own.distinct({ sketch, counter, window, detail, budgetMs }),
    codec: distinctCodec(agent.algebra),
    bare: (set) => count(set).count,
    detail: (set) => {
      const { count: value, lower, upper, exact } = count(set);
      return { value, lower, upper, exact, unit: "keys" };
    },
  };
}
