// Questions about all keys of a counter together: the largest, how many, how they spread.

import { Type } from "typebox";
import {
  counterKeyType,
  groupField,
  type Message,
  queryFields,
  relayFields,
  sketchFields,
} from "./fields.js";

const { Integer, Literal } = Type;
const closed = { additionalProperties: false } as const;

/** The largest keys. Answer: {key: count}, the largest first. */
export const queryTop = Type.Object(
  {
    type: Literal("query top"),
    ...sketchFields,
    ...counterKeyType,
    k: Integer({ minimum: 1, maximum: 100_000, default: 10, description: "how many keys" }),
    ...groupField,
    ...queryFields,
    ...relayFields,
  },
  closed,
);

export type QueryTop = Message<typeof queryTop>;
