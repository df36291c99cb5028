// Questions about all keys of a counter together: the largest, how many, how they spread.

import { Type } from "typebox";
import {
  counterKeyType,
  countFields,
  groupField,
  type Message,
  maxKey,
  maxKeyType,
  refineField,
  sketchFields,
  windowField,
  windowFields,
} from "./fields.js";

const { Integer, Literal, Optional, String: Text } = Type;
const closed = { additionalProperties: false } as const;

/** The largest keys. Answer: {key: count}, the largest first. */
export const queryTop = Type.Object(
  {
    type: Literal("query top"),
    ...sketchFields,
    ...counterKeyType,
    k: Integer({ minimum: 1, maximum: 100_000, default: 10, description: "how many keys" }),
    ...groupField,
    ...refineField,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** The number of distinct keys. Answer: a number. */
export const queryDistinct = Type.Object(
  {
    type: Literal("query distinct"),
    ...sketchFields,
    ...counterKeyType,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** Who owns how many distinct keys. Answer: {owner: keys}, the largest first. */
export const querySpread = Type.Object(
  {
    type: Literal("query spread"),
    ...sketchFields,
    ...counterKeyType,
    group_by: Text({
      format: "key-type",
      minLength: 1,
      maxLength: maxKeyType,
      description: "whose fan-out: some parts of the counter's key, such as src of src_dst",
    }),
    k: Optional(
      Integer({
        minimum: 1,
        maximum: 100_000,
        description: "how many, the largest first; absent: 20, or all above threshold",
      }),
    ),
    threshold: Optional(
      Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        description: "number of distinct keys to exceed; absent: any",
      }),
    ),
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** Which flows stand out by size, duration, rate, burstiness. Answer: {elephant: [keys], tortoise: ...}. */
export const queryTaxonomy = Type.Object(
  {
    type: Literal("query taxonomy"),
    ...sketchFields,
    ...counterKeyType,
    k: Integer({ minimum: 1, maximum: 100_000, default: 20, description: "how many of each class at most" }),
    ...groupField,
    window: windowField("a time within the last 50 seconds; absent: the last 30 seconds"),
    ...countFields,
  },
  closed,
);

/** How evenly the traffic is spread over its keys. Answer: Shannon entropy in bits. */
export const queryEntropy = Type.Object(
  {
    type: Literal("query entropy"),
    ...sketchFields,
    ...counterKeyType,
    ...windowFields,
    ...countFields,
  },
  closed,
);

/** How large flows (keys) are, over powers of two. Answer: [[from, to, flows], ...]. */
export const queryDistribution = Type.Object(
  {
    type: Literal("query distribution"),
    ...sketchFields,
    ...counterKeyType,
    ...windowFields,
    ...countFields,
  },
  closed,
);

export type QueryDistinct = Message<typeof queryDistinct>;
export type QueryDistribution = Message<typeof queryDistribution>;
export type QueryEntropy = Message<typeof queryEntropy>;
/** Agents only: the counts of some keys, and the total that they are parts of. Answer: {key: count}. */
export const queryKeyIntervals = Type.Object(
  {
    type: Literal("query key intervals"),
    ...sketchFields,
    ...counterKeyType,
    keys: Type.Array(Text({ minLength: 1, maxLength: maxKey }), { maxItems: 1024, description: "the keys" }),
    ...groupField,
    ...windowFields,
    ...countFields,
  },
  closed,
);

export type QuerySpread = Message<typeof querySpread>;
export type QueryTaxonomy = Message<typeof queryTaxonomy>;
export type QueryTop = Message<typeof queryTop>;
export type QueryKeyIntervals = Message<typeof queryKeyIntervals>;
