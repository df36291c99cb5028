// What the monitor does for each operation: checks the fields, asks the registry or the tap, words the answer.

import { randomUUID } from "node:crypto";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { TallyError } from "../controller-client/messages/index.js";
import type { Counted, Offloads } from "../native/index.js";
import { type Capture, fromNative } from "./capture.js";
import type { MemoryBudget } from "./memory.js";
import { type Answers, type Fields, type Operation, protocolVersion, requests } from "./protocol.js";
import type { Visit } from "./seat.js";
import type { Sketches } from "./sketches.js";

/** An answer's fields, and the encoded ledger if it has one. */
export interface Reply {
  readonly fields: object;
  readonly body?: Uint8Array;
}

/** Carries out one request, of a visitor if it came by the socket. Throws TallyError. */
export type Perform = (op: string, fields: object, visit?: Visit) => Promise<Reply>;

export interface Parts {
  readonly capture: Capture;
  readonly memory: MemoryBudget;
  readonly sketches: Sketches;
  readonly offloads: () => Offloads;
  /** Whether it goes on from the checkpoint of an earlier monitor. */
  readonly resumed?: boolean;
  /** Resolves when what changed is in the checkpoint, or cannot be. */
  readonly kept?: () => Promise<void>;
}

type Handlers = { readonly [O in Operation]: (fields: Fields<O>, visit?: Visit) => Promise<Reply> };

const checkers = new Map(Object.entries(requests).map(([op, schema]) => [op, checker(schema)]));

/** The monitor's operations on these parts. Throws `bad_request` or `unknown_type` for a request that is none. */
export function operations(parts: Parts): Perform {
  const handlers: Handlers = { ...stateHandlers(parts), ...changeHandlers(parts), ...queryHandlers(parts) };
  return async (op, fields, visit) => {
    const check = checkers.get(op);
    if (check === undefined) throw new TallyError("unknown_type", `the monitor has no operation "${op}"`);
    check(fields);
    if (op !== "introduce") await visit?.admit();
    return (handlers[op as Operation] as (fields: object, visit?: Visit) => Promise<Reply>)(fields, visit);
  };
}

function stateHandlers({
  capture,
  memory,
  sketches,
  offloads,
  resumed = false,
}: Parts): Pick<Handlers, "introduce" | "hello" | "stats" | "sketches"> {
  const instance = randomUUID();
  const started = performance.now();
  return {
    introduce: async (agent, visit) => {
      visit?.introduce(agent);
      return answer<"introduce">({});
    },
    hello: async () => answer<"hello">({ version: protocolVersion, instance, resumed, tap: capture.state }),
    sketches: async () => answer<"sketches">({ sketches: sketches.list() }),
    stats: async () => {
      const stats = await tapStats(capture);
      const uptimeMs = Math.round(performance.now() - started);
      const state = {
        ...{ tap: capture.state, memory: memory.state, sketches: sketches.size },
        ...{ uptimeMs, offloads: offloads() },
      };
      return answer<"stats">(stats === undefined ? state : { ...state, stats });
    },
  };
}

type Change = "add sketch" | "add counter" | "set meta" | "remove sketch";

function changeHandlers({ sketches, kept }: Parts): Pick<Handlers, Change> {
  return {
    "add sketch": async (fields) => answer<"add sketch">(await sketches.add(fields)),
    "add counter": async (fields) => answer<"add counter">(await sketches.addCounter(fields)),
    "set meta": async (fields) => {
      await sketches.setMeta(fields);
      return answer<"set meta">({});
    },
    "remove sketch": async ({ uuid }) => {
      await sketches.remove(uuid);
      await kept?.(); // a later monitor must not bring it back
      return answer<"remove sketch">({});
    },
  };
}

type Query = "ledger" | "distinct" | "spread" | "sizes" | "interval" | "totals";

function queryHandlers({ capture, sketches }: Parts): Pick<Handlers, Query> {
  return {
    ledger: async ({ uuid, keyType, window }) => {
      sketches.mustHave(uuid, keyType);
      return withBody(await capture.use((tap) => tap.ledger(uuid, keyType, window)));
    },
    distinct: async ({ uuid, keyType, window }) => {
      sketches.mustHave(uuid, keyType);
      return withBody(await capture.use((tap) => tap.distinct(uuid, keyType, window)));
    },
    spread: async ({ uuid, keyType, window, by }) => {
      sketches.mustHave(uuid, keyType);
      return withBody(await capture.use((tap) => tap.spread(uuid, keyType, window, by)));
    },
    sizes: async ({ uuid, window }) => {
      sketches.mustHave(uuid);
      return withBody(await capture.use((tap) => tap.sizes(uuid, window)));
    },
    interval: async ({ uuid, keyType, key, window }) => {
      sketches.mustHave(uuid, keyType);
      const { from, to, value } = await capture.use((tap) =>
        named("counter_key", tap.interval(uuid, keyType, key, window)),
      );
      return answer<"interval">({ from, to, lower: `${value.lower}`, upper: `${value.upper}` });
    },
    totals: async ({ uuid }) => {
      sketches.mustHave(uuid);
      const { packets, bytes, buffers } = await capture.use((tap) => tap.totals(uuid));
      return answer<"totals">({ packets: `${packets}`, bytes: `${bytes}`, buffers: `${buffers}` });
    },
  };
}

/** A failed tap has no statistics any more; that is told by its state, so it is no error here. */
async function tapStats(capture: Capture): Promise<Answers["stats"]["stats"]> {
  if (capture.state.state === "failed") return undefined;
  return capture.stats();
}

async function named<T>(field: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw fromNative(error, field);
  }
}

function answer<O extends Operation>(fields: Answers[O]): Reply {
  return { fields };
}

const withBody = ({ value, ...fields }: Counted<Uint8Array>): Reply => ({ fields, body: value });

function checker(schema: TSchema): (value: object) => void {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return;
    const [first] = compiled.Errors(value);
    const field = first?.instancePath.split("/").filter(Boolean).at(-1);
    const message = `the request does not fit its form: ${first?.instancePath ?? ""} ${first?.message ?? ""}`;
    throw new TallyError("bad_request", message, field === undefined ? {} : { field });
  };
}
