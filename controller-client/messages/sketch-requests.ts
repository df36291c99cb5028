// Messages about sketches: make, count, ask, list and delete.

import { Type } from "typebox";
import {
  anyFields,
  counterKeyType,
  countFields,
  creationFields,
  groupField,
  type Message,
  maxKey,
  queryFields,
  refineField,
  relayFields,
  sketchFields,
  sketchFilterFields,
  windowField,
  windowFields,
} from "./fields.js";
import { tapKinds } from "./tap-kinds.js";

const { Enum, Integer, Literal, Number: Num, Optional, String: Text } = Type;
const closed = { additionalProperties: false } as const;

/** Makes a sketch on the asked agent and on every agent below it. Answer: its id. */
export const configSketch = Type.Object(
  {
    type: Literal("config sketch"),
    ...sketchFilterFields,
    tap: Optional(
      Enum([...tapKinds], { description: "the tap it needs; absent: the one that the monitor runs" }),
    ),
    sizes: Optional(
      Type.Boolean({ description: "true: keep the sizes of its packets too, for 'query sizes'" }),
    ),
    label: Optional(Text({ minLength: 1, maxLength: 64, description: "free text, listed with the sketch" })),
    ...anyFields,
    ...creationFields,
    ...relayFields,
  },
  closed,
);

/** Adds a counter to a sketch. Answer: text, "ok: ..." with what was set. */
export const configSketchCounter = Type.Object(
  {
    type: Literal("config sketch counter"),
    ...sketchFields,
    ...counterKeyType,
    increment: Enum(["pkt", "bytes"], {
      default: "pkt",
      description: "what a packet adds: 1, or the bytes of its IP header and payload; byte means bytes",
    }),
    hitter_threshold: Num({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.1,
      description: "share of a host's total above which a key is a heavy hitter, when a query gives none",
    }),
    capacity: Integer({
      minimum: 16,
      maximum: 1_048_576,
      default: 4096,
      description: "most keys with a count of their own; below it every answer is exact",
    }),
    distinct: Optional(
      Num({
        minimum: 0.003,
        maximum: 0.05,
        description:
          "relative standard error of the number of distinct keys beyond 4096 of them; absent: 0.012; less takes more memory",
      }),
    ),
    spread: Optional(
      Text({
        minLength: 1,
        maxLength: 64,
        description:
          "coarser key types, joined by a comma (src, or src,dst): 'query spread' by them stays near the truth beyond capacity",
      }),
    ),
    accuracy_share: Optional(
      Num({
        minimum: 0.000001,
        maximum: 1,
        description: "instead of capacity: keys of at least this share of the total are told ...",
      }),
    ),
    accuracy_width: Optional(
      Num({
        minimum: 0.000001,
        maximum: 1,
        description: "... within this share of their count, whatever the traffic",
      }),
    ),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** One number of a counter. */
export const querySketch = Type.Object(
  {
    type: Literal("query sketch"),
    ...sketchFields,
    ...counterKeyType,
    counter_key: Text({
      minLength: 1,
      maxLength: maxKey,
      description:
        "a key, its parts joined by a comma; or key_num, real_time_key_num (distinct keys) or total",
    }),
    ...groupField,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** How large a sketch's packets are on the wire. Answer: {packets, bytes, mean, min, p50, ..., buckets}. */
export const querySizes = Type.Object(
  {
    type: Literal("query sizes"),
    ...sketchFields,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** The keys above a share of the traffic. Answer: {key: count}. */
export const queryHeavyHitters = Type.Object(
  {
    type: Literal("query heavy hitters"),
    ...sketchFields,
    ...counterKeyType,
    threshold: Optional(
      Num({ minimum: 0, maximum: 1, description: "share of the total to exceed; absent: the counter's own" }),
    ),
    share_of: Enum(["host", "network"], {
      default: "host",
      description: "whose total: host means that of some one host, network the sum over all hosts asked",
    }),
    k: Optional(Integer({ minimum: 1, maximum: 100_000, description: "the k largest keys instead" })),
    ...groupField,
    ...refineField,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** What the last one to two seconds brought. Answer: {key: count}. */
export const queryRealTimeCounter = Type.Object(
  {
    type: Literal("query real time counter"),
    ...sketchFields,
    ...counterKeyType,
    ...groupField,
    ...countFields,
  },
  closed,
);

/** The keys whose counts differ most between two windows. Answer: {key: change}. */
export const queryChange = Type.Object(
  {
    type: Literal("query change"),
    ...sketchFields,
    ...counterKeyType,
    window: windowField("the time asked about; absent: the last 10 seconds"),
    before: windowField("the time it is compared with; absent: as long a time right before window"),
    k: Integer({ minimum: 1, maximum: 100_000, default: 20, description: "the k largest changes" }),
    threshold: Optional(
      Num({
        minimum: 0,
        maximum: 1,
        description: "share of the larger of the two totals that a change must exceed; absent: any change",
      }),
    ),
    ...countFields,
  },
  closed,
);

/** Ends a sketch here and below. Answer: text, "ok: ...". */
export const deleteSketch = Type.Object(
  { type: Literal("delete sketch"), ...sketchFields, ...anyFields, ...relayFields },
  closed,
);

/** All sketches of the asked agent with their counters. */
export const querySketches = Type.Object(
  { type: Literal("query sketches"), ...queryFields, ...relayFields },
  closed,
);

export type ConfigSketch = Message<typeof configSketch>;
export type ConfigSketchCounter = Message<typeof configSketchCounter>;
export type QuerySketch = Message<typeof querySketch>;
export type QuerySizes = Message<typeof querySizes>;
export type QueryHeavyHitters = Message<typeof queryHeavyHitters>;
export type QueryRealTimeCounter = Message<typeof queryRealTimeCounter>;
export type QueryChange = Message<typeof queryChange>;
export type DeleteSketch = Message<typeof deleteSketch>;
export type QuerySketches = Message<typeof querySketches>;
