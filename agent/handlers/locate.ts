// Finds the counter that a question is about, for controllers by id and for parents by uuid.

import { type RequestOf, TallyError } from "../../controller-client/messages/index.js";
import { type Agent, type Call, isRelayed } from "../agent.js";
import { findSketch } from "../configuration.js";
import type { CounterQuery } from "../counting.js";
import type { LedgerKind } from "../payloads/ledgers.js";
import { type Counter, counterOf, type Sketch } from "../sketch.js";
import { byUuid } from "./sketches.js";

export interface Located {
  readonly sketch: Sketch;
  readonly counter: Counter;
  /** The question as it goes to the agents below. */
  readonly request: CounterQuery;
}

/** Throws not_found for a controller; a parent is told which sketch is unknown here, to send it again. */
export async function locate(
  agent: Agent,
  query: CounterQuery,
  call: Call,
): Promise<Located | Pick<Sketch, "uuid">> {
  try {
    const sketch = await findSketch(agent, query, call);
    const counter = counterOf(sketch, query.counter_key_type);
    return { sketch, counter, request: byUuid(query, sketch.uuid) };
  } catch (error) {
    if (isRelayed(query) && query.sketch && error instanceof TallyError) return { uuid: query.sketch };
    throw error;
  }
}

type Keyed = Pick<RequestOf<"query sketch">, "group_by" | "counter_key_type">;

/** The canonical text of a key, so that every host looks up the same. Throws bad_request naming the field. */
export function checkedKey({ algebra }: Agent, query: Keyed, key: string, field: string): string {
  try {
    return algebra.checkKey(query.group_by ?? query.counter_key_type, key);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "it is no key";
    throw new TallyError("bad_request", reason, { field, cause });
  }
}

export function ledgerKind(
  { algebra }: Agent,
  { sketch, counter }: Pick<Located, "sketch" | "counter">,
): LedgerKind {
  const { keyType, increment, capacity } = counter;
  return { algebra, keyType, increment, capacity, secret: Buffer.from(sketch.secret, "hex") };
}
