// Messages about watches: conditions that agents judge each second, and the alerts that come of them.

import { type TUnsafe, Type } from "typebox";
import {
  anyFields,
  counterKeyType,
  groupField,
  type Message,
  maxKey,
  queryFields,
  relayFields,
  sketchFields,
  watchFields,
} from "./fields.js";
import { longestWatched, type RecentWindow } from "./windows.js";

const { Enum, Integer, Literal, Number: Num, Optional, String: Text } = Type;
const closed = { additionalProperties: false } as const;

const usualSeconds = 10;

const recentWindow = {
  format: "recent-window",
  default: usualSeconds,
  description: `the time that is counted over: {"last": seconds}, or a number of seconds, 1 to ${longestWatched}`,
};

const limit = (minimum: number, description: string) =>
  Optional(Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, description }));

/** Judges a count each second, here and below, from now on. Answer: its id. */
export const watch = Type.Object(
  {
    type: Literal("watch"),
    ...sketchFields,
    ...counterKeyType,
    counter_key: Optional(
      Text({
        minLength: 1,
        maxLength: maxKey,
        description:
          "what is compared: a key, key_num (distinct keys) or total; absent: any key, each an alert of its own",
      }),
    ),
    above: limit(0, "the count over the window that is too much when it is exceeded; or give below"),
    below: limit(1, "the count over the window that is too little when it is not reached; or give above"),
    window: Type.Unsafe<RecentWindow>(recentWindow) as TUnsafe<RecentWindow> & typeof recentWindow,
    scope: Enum(["subtree", "host"], {
      default: "subtree",
      description:
        "subtree: the agent asked judges the sum over all hosts below it; host: each host judges its own count",
    }),
    ...groupField,
    send_to: Optional(
      Text({
        format: "http-url",
        minLength: 1,
        maxLength: 500,
        description: "http:// URL that the judging agent posts alerts to, as JSON, when they begin and end",
      }),
    ),
    label: Optional(Text({ minLength: 1, maxLength: 64, description: "free text, told with each alert" })),
    watch: watchFields.watch,
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Ends a watch here and below, and forgets its alerts. Answer: text, "ok: ...". */
export const unwatch = Type.Object(
  { type: Literal("unwatch"), ...watchFields, ...anyFields, ...relayFields },
  closed,
);

/** Alerts of the asked agent, and of each host below for watches of scope host, the newest first. */
export const queryAlerts = Type.Object(
  {
    type: Literal("query alerts"),
    ...watchFields,
    since: Optional(
      Num({
        minimum: 0,
        maximum: 1e11,
        description: "unix seconds: only alerts that lasted then or later; absent: all that are kept",
      }),
    ),
    k: Integer({ minimum: 1, maximum: 1000, default: 100, description: "how many alerts at most" }),
    ...queryFields,
    ...relayFields,
  },
  closed,
);

export type Watch = Message<typeof watch>;
export type Unwatch = Message<typeof unwatch>;
export type QueryAlerts = Message<typeof queryAlerts>;
