// Request bodies: JSON, form or bare text become one plain object, and that becomes a message.

import { TallyError } from "./errors.js";
import { checkRequest } from "./request-check.js";
import type { Request } from "./requests.js";
import { quote, shortName } from "./wording.js";

/** Messages are flat; only a list of names nests. */
const deepest = 4;

/** The pseudo field that errors name when the body as a whole is wrong. */
const wholeBody = "body";

type PlainObject = Readonly<Record<string, unknown>>;

/**
 * The message in a request body, checked and with every default filled in.
 * Takes application/json, application/x-www-form-urlencoded, and anything else as JSON first, then as a form.
 * Throws TallyError with a 4xx status that names the field, "body" for the body as a whole.
 */
export function decodeRequest(contentType: string | undefined, text: string): Request {
  return checkRequest(parseBody(contentType, text));
}

/** The plain object in a body, unchecked but for its shape. Throws bad_request. */
export function parseBody(contentType: string | undefined, text: string): PlainObject {
  const body = text.replace(/^\uFEFF/, "").trim();
  if (body === "") throw badBody(`the body is empty: send an object with a type, as JSON or as a form`);
  const media = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (media === "application/json" || media.endsWith("+json")) return parseJson(body);
  // A form never starts with a brace; what does is JSON under a client's default content type.
  return /^[{["]/.test(body) ? parseJson(body) : parseForm(body);
}

function parseJson(text: string): PlainObject {
  const value = parseValue(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badBody(`the body is ${quote(value)}: send one object, {"type": ...}`);
  }
  for (const [name, field] of Object.entries(value)) checkEntry(name, field);
  return value as PlainObject;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `the body is not JSON (it starts ${quote(text.slice(0, 30))}): send one object, {"type": ...}`;
    throw new TallyError("bad_request", message, { field: wholeBody, cause });
  }
}

function checkEntry(name: string, value: unknown): void {
  refuseReserved(name);
  if (isDeeper(value, deepest)) {
    const field = shortName(name);
    throw new TallyError("bad_request", `${field} is nested too deep: messages are flat`, { field });
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function parseForm(text: string): PlainObject {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    refuseReserved(name);
    if (fields.has(name)) {
      const field = shortName(name);
      throw new TallyError("bad_request", `${field} is given twice: give it once`, { field });
    }
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

// Such a name set on an object could change what every other object inherits.
function refuseReserved(name: string): void {
  if (name !== "__proto__" && name !== "constructor" && name !== "prototype") return;
  throw new TallyError("bad_request", `${name} is not a field of any message`, { field: name });
}

const badBody = (message: string): TallyError => new TallyError("bad_request", message, { field: wholeBody });
