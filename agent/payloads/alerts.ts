// Payload of `query alerts`: what the hosts of a subtree tell of watches, each of what it judged itself.

import {
  type Alert,
  type Beyond,
  maxKey,
  type WatchProblem,
} from "../../controller-client/messages/index.js";
import type { Codec } from "../../overlay/index.js";
import { newestFirst } from "../alerts.js";

export interface Told {
  /** The newest first. */
  readonly alerts: readonly Alert[];
  readonly possible: readonly Beyond[];
  readonly problems: readonly WatchProblem[];
}

/** Problems and possible ones, each. */
const mostOthers = 1000;
/** One of either, as text: names, a key, counts, a sentence. */
const entryBytes = 1400;

/** At most `k` alerts, the newest; the body is JSON. */
export function alertsCodec(k: number): Codec<Told> {
  return {
    mostBytes: (k + 2 * mostOthers) * entryBytes,
    write: (told) => ({ fields: {}, body: Buffer.from(JSON.stringify(shortened(told, k))) }),
    read: (_fields, body) => checked(JSON.parse(Buffer.from(body).toString("utf8")), k),
    merge: (parts) =>
      shortened(
        {
          alerts: parts.flatMap(({ alerts }) => alerts).sort(newestFirst),
          possible: parts.flatMap(({ possible }) => possible),
          problems: parts.flatMap(({ problems }) => problems),
        },
        k,
      ),
  };
}

const shortened = ({ alerts, possible, problems }: Told, k: number): Told => ({
  alerts: alerts.slice(0, k),
  possible: possible.slice(0, mostOthers),
  problems: problems.slice(0, mostOthers),
});

type Loose<T> = { readonly [K in keyof T]?: unknown };

function checked(value: unknown, k: number): Told {
  const { alerts, possible, problems } = (value ?? {}) as Loose<Told>;
  if (!isListOf(alerts, k, isAlert)) throw new Error("its alerts are malformed");
  if (!isListOf(possible, mostOthers, isBeyond)) throw new Error("its possible alerts are malformed");
  if (!isListOf(problems, mostOthers, isProblem)) throw new Error("its problems are malformed");
  return { alerts, possible, problems };
}

function isListOf<T>(value: unknown, most: number, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= most && value.every(isOne);
}

/** Whether another agent's word for an alert is one. */
export function isAlert(value: unknown): value is Alert {
  const { certain, complete, since, until } = (value ?? {}) as Loose<Alert>;
  const isTold = typeof certain === "boolean" && typeof complete === "boolean";
  return isBeyond(value) && isTold && isTime(since) && (until === undefined || isTime(until));
}

function isBeyond(one: unknown): one is Beyond {
  const { watch, host, agent, key, value, lower, upper } = (one ?? {}) as Loose<Beyond>;
  const isNamed = host === undefined ? isText(agent, 255) : isText(host, 255) && agent === undefined;
  return isText(watch, 36) && isNamed && isText(key, maxKey) && [value, lower, upper].every(isCount);
}

function isProblem(value: unknown): value is WatchProblem {
  const { watch, host, problem } = (value ?? {}) as Loose<WatchProblem>;
  return isText(watch, 36) && isText(host, 255) && isText(problem, longestProblem);
}

/** What an agent says of one at most. */
export const longestProblem = 1000;

const isText = (value: unknown, most: number): boolean => typeof value === "string" && value.length <= most;
const isTime = (value: unknown): boolean => typeof value === "number" && value >= 0 && value < 1e11;
const isCount = (value: unknown): boolean =>
  typeof value === "string" ? /^\d{1,26}$/.test(value) : Number.isSafeInteger(value) && Number(value) >= 0;
