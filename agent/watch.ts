// A watch: which count is judged against which limit, in the words of its message and back.

import type { Request, RequestOf, WatchInfo } from "../controller-client/messages/index.js";

/** Beyond it is what exceeds `above`, or does not reach `below`. */
export type Limit = { readonly above: number } | { readonly below: number };

export interface Watch {
  /** This agent's number for it. */
  readonly id: number;
  /** Its name between agents. */
  readonly uuid: string;
  readonly keyType: string;
  /** A key, key_num or total; absent: any key. */
  readonly key?: string;
  readonly limit: Limit;
  /** Length of the window. */
  readonly seconds: number;
  readonly scope: "subtree" | "host";
  readonly groupBy?: string;
  readonly sendTo?: string;
  readonly label?: string;
  /** True when the agent above wants it: that one judges sums, and decides when it ends. */
  inherited?: boolean;
}

export type NewWatch = Omit<Watch, "id"> & { readonly id?: number };

/** What a message asks for, under a name between agents. */
export function watchOf(request: RequestOf<"watch">, uuid: string): NewWatch {
  const { counter_key_type: keyType, counter_key: key, above, below, window, scope } = request;
  const { group_by: groupBy, send_to: sendTo, label } = request;
  return {
    uuid,
    keyType,
    limit: below === undefined ? { above: above ?? 0 } : { below },
    seconds: window.last,
    scope,
    ...(key === undefined ? {} : { key }),
    ...(groupBy === undefined ? {} : { groupBy }),
    ...(sendTo === undefined ? {} : { sendTo }),
    ...(label === undefined ? {} : { label }),
  };
}

/** The watch in the words of its message. */
export function watchInfo({ id, uuid, ...watch }: Watch, detail: boolean): WatchInfo {
  return { watch_id: id, ...termsOf(watch), ...(detail ? { watch: uuid } : {}) };
}

const timeout_ms = 1000;

/** What a child must be told of it. */
export const watchRequest = (sketch: string, { uuid, ...watch }: NewWatch): Request => ({
  type: "watch",
  sketch,
  watch: uuid,
  ...termsOf(watch),
  timeout_ms,
});

export const unwatchRequest = (watch: string): Request => ({ type: "unwatch", watch, timeout_ms });

function termsOf(watch: Omit<NewWatch, "uuid">) {
  const { keyType, key, limit, seconds, scope, groupBy, sendTo, label } = watch;
  return {
    counter_key_type: keyType,
    ...(key === undefined ? {} : { counter_key: key }),
    ...limit,
    window: { last: seconds },
    scope,
    ...(groupBy === undefined ? {} : { group_by: groupBy }),
    ...(sendTo === undefined ? {} : { send_to: sendTo }),
    ...(label === undefined ? {} : { label }),
  };
}
