// `query sketch`: one number of a counter over all hosts asked.

import type { RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import type { Interval } from "../algebra.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import type { Asked } from "../own-host.js";
import { intervalCodec } from "../payloads/sums.js";
import { bareCount, countDetail, unitOf } from "../render.js";
import { resolved } from "../windows.js";
import { distinctKeys } from "./distinct.js";
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
    const isNow = query.counter_key === realTimeWord;
    const asked: Query = isNow ? { ...query, window: "realtime" } : query;
    return countOver(agent, call, distinctKeys(agent, asked, located));
  }
  return countOver(agent, call, oneCount(agent, query, located));
};

function oneCount(agent: Agent, query: Query, { request, sketch, counter }: Located): Counting<Interval> {
  const isTotal = query.counter_key === totalWord;
  const key = isTotal ? totalWord : checkedKey(agent, query, query.counter_key, "counter_key");
  const { detail, group_by: groupBy } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  return {
    request: { ...request, ...absolute, counter_key: key } as Query,
    window,
    own: (budgetMs) => {
      const asked: Asked = { sketch, counter, window, groupBy, detail, budgetMs };
      return isTotal ? agent.own.total(asked) : agent.own.interval(asked, key);
    },
    codec: intervalCodec,
    bare: bareCount,
    detail: (interval) => countDetail(interval, unitOf(counter.increment)),
  };
}
