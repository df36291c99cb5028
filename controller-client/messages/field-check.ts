// One field against its schema: text from forms becomes the wanted type, anything else an error that says what to give.

import { parseAddress, parseAgentAddress, parsePrefix } from "./addresses.js";
import { TallyError } from "./errors.js";
import { parseKeyType } from "./key-types.js";
import { checkHttpUrl } from "./urls.js";
import { checkRecent, checkWindow, recentForms, windowForms } from "./windows.js";
import { quote, suggestion } from "./wording.js";

/** The part of JSON Schema that our messages use. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
  readonly items?: FieldSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

/** Old spellings that mean a known value. */
const synonyms: Readonly<Record<string, string>> = { "increment=byte": "bytes" };

const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The value of a field in its wanted type. Throws bad_request, or refused, naming the field. */
export function checkField(name: string, schema: FieldSchema, value: unknown): unknown {
  if (value === "") throw wrong(name, `${name} is empty: leave it out or give ${describe(schema)}`);
  if (schema.format === "window") return checkWindow(name, value);
  if (schema.format === "recent-window") return checkRecent(name, value);
  const checked = coerce(schema, synonyms[`${name}=${String(scalar(value))}`] ?? value);
  if (checked === undefined) throw wrong(name, explain(name, schema, value));
  if (typeof checked === "string" && schema.format !== undefined) {
    return checkFormat(name, schema.format, checked);
  }
  return checked;
}

/** What a field takes, in words that follow "give". */
export function describe(schema: FieldSchema): string {
  if (schema.format === "window") return windowForms;
  if (schema.format === "recent-window") return recentForms;
  if (schema.anyOf) return schema.anyOf.map(describe).join(" or ");
  if (schema.const !== undefined) return quote(schema.const);
  if (schema.enum)
    return schema.enum.length === 1 ? quote(schema.enum[0]) : `one of ${schema.enum.join(", ")}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "array") return `a list of at most ${schema.maxItems} texts`;
  if (schema.type === "string") return `a text of at most ${schema.maxLength ?? 64} characters`;
  const kind = schema.type === "integer" ? "a whole number" : "a number";
  if (schema.exclusiveMinimum === undefined) return `${kind} from ${schema.minimum} to ${schema.maximum}`;
  const end = schema.maximum === undefined ? `below ${schema.exclusiveMaximum}` : `at most ${schema.maximum}`;
  return `${kind} above ${schema.exclusiveMinimum} and ${end}`;
}

function coerce(schema: FieldSchema, value: unknown): unknown {
  if (schema.anyOf) return schema.anyOf.map((one) => coerce(one, value)).find((found) => found !== undefined);
  if (schema.const !== undefined) return value === schema.const ? value : undefined;
  if (schema.enum) return coerceChoice(schema.enum, value);
  if (schema.type === "boolean") return coerceBoolean(value);
  if (schema.type === "array") return coerceList(schema, value);
  if (schema.type === "string") return coerceText(schema, value);
  return coerceNumber(schema, value);
}

function coerceChoice(choices: readonly string[], value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
}

function coerceBoolean(value: unknown): boolean | undefined {
  const text = String(scalar(value)).toLowerCase();
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

function coerceList(schema: FieldSchema, value: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(value) || value.length > (schema.maxItems ?? 0)) return undefined;
  const items = value.map((item: unknown) =>
    typeof item === "string" ? coerce(schema.items ?? {}, item) : undefined,
  );
  return items.includes(undefined) ? undefined : items;
}

// Numbers become text because a form would carry them so: counter_key: 80 and counter_key=80 are the same.
function coerceText(schema: FieldSchema, value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  return text.length >= (schema.minLength ?? 0) && text.length <= (schema.maxLength ?? 64) ? text : undefined;
}

function coerceNumber(schema: FieldSchema, value: unknown): number | undefined {
  const number = typeof value === "number" ? value : parseNumber(value);
  if (number === undefined || !Number.isFinite(number)) return undefined;
  if (schema.type === "integer" && !Number.isSafeInteger(number)) return undefined;
  return inRange(schema, number) ? number : undefined;
}

function parseNumber(value: unknown): number | undefined {
  if (typeof value !== "string" || value.length > 40) return undefined;
  const text = value.trim();
  return numberText.test(text) ? Number(text) : undefined;
}

function inRange(schema: FieldSchema, number: number): boolean {
  return (
    number >= (schema.minimum ?? Number.NEGATIVE_INFINITY) &&
    number <= (schema.maximum ?? Number.POSITIVE_INFINITY) &&
    number > (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
    number < (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)
  );
}

const formatChecks: Readonly<Record<string, (text: string, name: string) => void>> = {
  prefix: parsePrefix,
  address: parseAddress,
  "agent-address": parseAgentAddress,
  "key-type": parseKeyType,
  uuid: matches(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "a UUID"),
  secret: matches(/^[0-9a-f]{32}$/i, "32 hexadecimal characters"),
  device: matches(/^(?!\.{1,2}$)[^\s/:\p{Cc}]+$/u, "the name of a network device, such as eth0"),
  target: checkTarget,
  "http-url": checkHttpUrl,
  "agent-name": matches(/^[\x21-\x7e]+$/, "up to 255 printable characters without spaces"),
};

function checkFormat(name: string, format: string, text: string): string {
  formatChecks[format]?.(text, name);
  return format === "uuid" || format === "secret" ? text.toLowerCase() : text;
}

function matches(pattern: RegExp, wanted: string): (text: string, name: string) => void {
  return (text, name) => {
    if (!pattern.test(text)) throw wrong(name, `${name} is ${quote(text)}: give ${wanted}`);
  };
}

function checkTarget(text: string, name: string): void {
  if (text === "ACCEPT") return;
  const message = `${name} is ${quote(text)}: this system measures; it changes no rule, so only ACCEPT is taken`;
  throw new TallyError("refused", message, { field: name });
}

function explain(name: string, schema: FieldSchema, value: unknown): string {
  const choices = [schema, ...(schema.anyOf ?? [])].flatMap((one) => one.enum ?? []);
  const hint = typeof value === "string" ? suggestion(value, choices) : "";
  return `${name} is ${quote(value)}: give ${describe(schema)}${hint}`;
}

const scalar = (value: unknown): unknown => (typeof value === "object" ? undefined : value);

const wrong = (field: string, message: string): TallyError =>
  new TallyError("bad_request", message, { field });
