// From the options of `tallytree replay` to messages: the sketch, its counters and the questions, all checked.

import {
  checkRequest,
  type FieldSchema,
  type ReplayOrder,
  type Request,
  type RequestType,
  requestSchemas,
} from "../messages/index.js";
import { queryCommands } from "./query.js";
import { Failure } from "./terminal.js";

export interface ReplayOptions {
  readonly path: string;
  /** Key types to count by. */
  readonly keys: readonly string[];
  /** Names of questions. */
  readonly queries: readonly string[];
  /** All other fields that were given. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const fieldsOf = (type: RequestType): Readonly<Record<string, FieldSchema>> =>
  requestSchemas[type].properties;

/** Questions about a stretch of a counter's or a sketch's time, by the names they have below 'tallytree query'. */
export const replayQueries: ReadonlyMap<string, RequestType> = new Map(
  queryCommands
    .filter(({ type, positions }) => "window" in fieldsOf(type) && positions.length === 0)
    .map(({ name, type }) => [name, type]),
);

/** Fields that only live hosts know, and those that stand for themselves in the order. */
const otherFields = new Set([
  ...["type", "form", "budget_ms", "path", "uuid", "secret", "sketch", "timeout_ms", "scope", "detail"],
  ...["device", "promiscuous", "tap", "label", "sizes", "sketch_id", "counter_key_type", "hitter_threshold"],
]);

const configTypes = ["config sketch", "config sketch counter"] as const;

/** Live hosts count INPUT unless told otherwise. */
const interfaceOfFile: FieldSchema = {
  ...fieldsOf("config sketch").interface,
  enum: ["INPUT", "OUTPUT"],
  default: undefined,
  description: "leave out the packets that the file says went the other way; absent: all count",
};

/** The fields of all these messages that make sense for a file. */
export const replayFields: ReadonlyMap<string, FieldSchema> = collectFields([
  ...configTypes,
  "query top",
  ...replayQueries.values(),
]);

/** Each in the words of the first message that has it. */
function collectFields(types: readonly RequestType[]): ReadonlyMap<string, FieldSchema> {
  const found = new Map<string, FieldSchema>([["interface", interfaceOfFile]]);
  for (const [field, schema] of types.flatMap((type) => Object.entries(fieldsOf(type)))) {
    if (!otherFields.has(field) && !found.has(field)) found.set(field, schema);
  }
  return found;
}

/** Throws TallyError or Failure with the option that is wrong. */
export function replayOrder({ path, keys, queries, fields }: ReplayOptions): ReplayOrder {
  const asked = queries.map(queryType);
  const unused = Object.keys(fields).find((field) => ![...configTypes, ...asked].some(has(field)));
  if (unused !== undefined)
    throw new Failure(
      `${unused.replaceAll("_", "-")} says nothing about ${queries.join(", ")}: leave it out`,
    );
  const ofCounter = keys.map((counter_key_type) => ({ sketch_id: 0, counter_key_type }));
  const counters = ofCounter.map((names) => message("config sketch counter", fields, names));
  const ofKeys = ofCounter.flatMap((names) =>
    asked.filter(has("counter_key_type")).map((type) => message(type, fields, { ...names, detail: true })),
  );
  const ofSketch = asked
    .filter((type) => !has("counter_key_type")(type))
    .map((type) => message(type, fields, { sketch_id: 0, detail: true }));
  const kept = asked.includes("query sizes") ? { sizes: true } : {};
  const configure = [message("config sketch", fields, kept), ...counters];
  return { path, anyDirection: fields.interface === undefined, configure, ask: [...ofKeys, ...ofSketch] };
}

const has = (field: string) => (type: RequestType) => field in fieldsOf(type);

function queryType(name: string): RequestType {
  const type = replayQueries.get(name);
  if (type !== undefined) return type;
  throw new Failure(
    `--query is ${JSON.stringify(name.slice(0, 40))}: give one of ${[...replayQueries.keys()].join(", ")}`,
  );
}

function message(type: RequestType, fields: object, more: object): Request {
  const own = Object.fromEntries(Object.entries(fields).filter(([field]) => has(field)(type)));
  return checkRequest({ ...own, ...more, type });
}
