// From a plain object to a complete message: known type, known fields, each checked, then the rules between fields.

import { flattenAccuracy, sizeByAccuracy } from "./accuracy.js";
import { parsePrefix } from "./addresses.js";
import { TallyError } from "./errors.js";
import { checkField, type FieldSchema } from "./field-check.js";
import { checkCoarser, checkOwners, parseOwners } from "./key-types.js";
import { hasPorts, type ProtocolName, protocolNumbers, protoNumber } from "./protocol-numbers.js";
import { type Request, type RequestType, requestSchemas, requestTypes } from "./requests.js";
import { checkWatch } from "./watch-check.js";
import { nearest, quote, shortName, suggestion } from "./wording.js";

type Draft = Readonly<Record<string, unknown>>;

/**
 * The message that a plain object stands for, defaults filled in. Throws TallyError (bad_request, unknown_type,
 * refused), always naming the field. Null counts as absent.
 */
export function checkRequest(message: Readonly<Record<string, unknown>>): Request {
  const type = checkType(message);
  const input = type === "config sketch counter" ? flattenAccuracy(message) : message;
  const schemas: Readonly<Record<string, FieldSchema>> = requestSchemas[type].properties;
  refuseUnknown(type, Object.keys(input), Object.keys(schemas));
  const required: readonly string[] = requestSchemas[type].required;
  const draft: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const given = Object.hasOwn(input, name) ? input[name] : undefined;
    const value = given ?? schema.default;
    if (value !== undefined) draft[name] = checkField(name, schema, value);
    else if (required.includes(name)) throw missing(name, schema);
  }
  checkTogether(draft, schemas);
  return sizeByAccuracy(draft, input) as unknown as Request;
}

function checkType(input: Readonly<Record<string, unknown>>): RequestType {
  const given = Object.hasOwn(input, "type") ? input.type : undefined;
  if (given === undefined || given === null || given === "") {
    const near = Object.keys(input).find((name) => name !== "type" && nearest(name, ["type"]) !== undefined);
    const hint = near === undefined ? "" : ` (${quote(near)} is given)`;
    throw badRequest(
      "type",
      `type is missing${hint}: give one such as "config sketch" or "query heavy hitters"`,
    );
  }
  const found = requestTypes.find((known) => known === given);
  if (found !== undefined) return found;
  const hint = typeof given === "string" ? suggestion(given, requestTypes) : "";
  const advice = hint === "" ? `: give one of ${requestTypes.join(", ")}` : hint;
  throw new TallyError("unknown_type", `type is ${quote(given)}, which is unknown${advice}`, {
    field: "type",
  });
}

function refuseUnknown(type: RequestType, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const field = shortName(unknown);
  throw badRequest(field, `${quote(unknown)} is not a field of '${type}'${suggestion(unknown, known)}`);
}

function checkTogether(draft: Draft, schemas: Readonly<Record<string, FieldSchema>>): void {
  if (schemas.sketch_id) checkSketchName(draft, schemas.sketch_id);
  if (schemas.uuid) checkCreation(draft);
  checkWatch(draft);
  checkGroups(draft);
  checkSpread(draft);
  checkFamilies(draft);
  checkPorts(draft);
  if (draft.refine === true && draft.window === "realtime") {
    throw badRequest("refine", 'refine asks twice and the window "realtime" moves on: leave one of them out');
  }
  const otherWindow = draft.window !== undefined && draft.window !== "realtime";
  if (draft.counter_key === "real_time_key_num" && otherWindow) {
    throw badRequest("window", "real_time_key_num has a window of its own: ask for key_num with this one");
  }
}

function checkSketchName(draft: Draft, schema: FieldSchema): void {
  if (draft.sketch_id === undefined && draft.sketch === undefined) throw missing("sketch_id", schema);
  if (draft.sketch_id !== undefined && draft.sketch !== undefined) {
    throw badRequest(
      "sketch",
      "sketch and sketch_id are both given: controllers give sketch_id, agents sketch",
    );
  }
}

function checkCreation(draft: Draft): void {
  if ((draft.uuid === undefined) === (draft.secret === undefined)) return;
  const field = draft.uuid === undefined ? "uuid" : "secret";
  throw badRequest(field, `${field} is missing: agents give uuid and secret together, controllers neither`);
}

function checkGroups({ group_by, counter_key_type, counter_key }: Draft): void {
  if (typeof group_by !== "string" || typeof counter_key_type !== "string") return;
  checkCoarser(group_by, counter_key_type);
  if (counter_key === "key_num" || counter_key === "real_time_key_num") {
    throw badRequest("group_by", `group_by does not go with ${counter_key}: it counts keys of the counter`);
  }
}

function checkSpread({ type, spread, group_by, counter_key_type }: Draft): void {
  if (typeof spread === "string") parseOwners(spread, String(counter_key_type));
  if (type === "query spread") checkOwners(String(group_by), String(counter_key_type), "group_by");
}

function checkFamilies(draft: Draft): void {
  const src = familyOf(draft.src, "src");
  const dst = familyOf(draft.dst, "dst");
  if (src !== undefined && dst !== undefined && src !== dst) {
    throw badRequest("dst", `dst is IPv${dst} and src is IPv${src}: no packet has both, give one family`);
  }
  checkIcmp(draft.proto as ProtocolName | number | undefined, src ?? dst);
}

function familyOf(value: unknown, field: string): 4 | 6 | undefined {
  return typeof value === "string" ? parsePrefix(value, field).family : undefined;
}

function checkIcmp(proto: ProtocolName | number | undefined, family: 4 | 6 | undefined): void {
  if (proto === undefined || family === undefined) return;
  const number = protoNumber(proto);
  if (family === 6 && number === protocolNumbers.icmp) {
    throw badRequest("proto", "proto icmp belongs to IPv4 and the address is IPv6: give icmpv6");
  }
  if (family === 4 && number === protocolNumbers.icmpv6) {
    throw badRequest("proto", "proto icmpv6 belongs to IPv6 and the address is IPv4: give icmp");
  }
}

function checkPorts(draft: Draft): void {
  const field = ["sport", "dport"].find((name) => draft[name] !== undefined);
  const proto = draft.proto as ProtocolName | number | undefined;
  if (field === undefined || proto === undefined || hasPorts(proto)) return;
  throw badRequest(field, `${field} goes with proto tcp, udp or sctp (132): proto ${proto} has no ports`);
}

function missing(name: string, schema: FieldSchema): TallyError {
  return badRequest(name, `${name} is missing: give ${schema.description ?? "it"}`);
}

const badRequest = (field: string, message: string): TallyError =>
  new TallyError("bad_request", message, { field });
