// `query key intervals`: what hosts know of some keys, by name; the second round of questions with `refine`.

import { type RequestOf, toCount } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import { type Again, type Counting, countOver, withoutSketch } from "../counting.js";
import { type KeyIntervals, keyIntervalsCodec } from "../payloads/key-intervals.js";
import { rowsDetail, rowsOf, unitOf } from "../render.js";
import { resolved } from "../windows.js";
import { checkedKey, type Located, locate } from "./locate.js";

type Query = RequestOf<"query key intervals">;

export const queryKeyIntervals: Handler<"query key intervals"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  const keys = query.keys.map((key) => checkedKey(agent, query, key, "keys"));
  return countOver(agent, call, keyIntervals(agent, { ...query, keys }, located));
};

function keyIntervals(agent: Agent, query: Query, located: Located): Counting<KeyIntervals> {
  const { sketch, counter } = located;
  const { keys, detail, group_by: groupBy } = query;
  const { window, request } = resolved(query, agent.now());
  const rows = ({ lower, upper }: KeyIntervals) => rowsOf({ keys, lower, upper }, () => true);
  return {
    request: { ...located.request, ...request } as Query,
    window,
    own: (budgetMs) => agent.own.keyIntervals({ sketch, counter, window, groupBy, detail, budgetMs }, keys),
    codec: keyIntervalsCodec(keys.length),
    bare: (intervals) => Object.fromEntries(rows(intervals).map(({ key, lower }) => [key, toCount(lower)])),
    detail: (intervals) => rowsDetail(rows(intervals), unitOf(counter.increment)),
  };
}

type First = RequestOf<"query heavy hitters" | "query top">;

/** The second round of a question, about these keys; undefined when there are none. */
export function againAbout(
  agent: Agent,
  { request, ...located }: Located,
  first: First,
  keys: readonly string[],
): Again | undefined {
  if (keys.length === 0) return undefined;
  const { sketch, counter_key_type, window, group_by, scope, timeout_ms } = first;
  const same = { sketch, counter_key_type, window, group_by, scope, timeout_ms };
  const query = { type: "query key intervals", ...same, keys, detail: false } as Query;
  return { keys, counting: keyIntervals(agent, query, { ...located, request: query }) };
}
