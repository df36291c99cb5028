// Windows: the time that a question is about, in the forms that messages may give it.

import { TallyError } from "./errors.js";
import { quote } from "./wording.js";

/** Unix seconds from `from` up to, and without, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Since the counter was made; or the last closed second and the running one. */
export type NamedWindow = "all" | "realtime";

/** A named window, the last so many whole seconds before now, or a span. */
export type WindowAsked = NamedWindow | { readonly last: number } | Span;

/** What `last` may be, in seconds: that is how long counters remember. */
export const longestLast = 3600;
const latest = 1e11;

/** The last so many whole seconds. */
export interface RecentWindow {
  readonly last: number;
}

/** Each of these seconds is kept by itself: windows of watches slide by the second. */
export const longestWatched = 50;

/** What a window field takes, in words that follow "give". */
export const windowForms = `{"last": seconds}, 1 to ${longestLast}, {"from": unix seconds, "to": unix seconds}, "all" or "realtime"`;

/**
 * A window from its name, from its JSON object, from that as text (so forms carry it), or from a number, which means `last`. A span
 * is widened to whole seconds. Throws bad_request naming the field.
 */
export function checkWindow(name: string, value: unknown): WindowAsked {
  if (value === "all" || value === "realtime") return value;
  const window = typeof value === "string" ? parsed(value) : value;
  if (typeof window === "number") return checkLast(name, window);
  if (typeof window !== "object" || window === null) throw wrong(name, quote(value));
  const { last, from, to, ...rest } = window as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(name, `an object with ${quote(unknown)}`);
  if (last === undefined) return checkSpan(name, from, to);
  if (from !== undefined || to !== undefined) throw wrong(name, "both last and a span");
  return checkLast(name, last);
}

/** What the window of a watch takes, in words that follow "give". */
export const recentForms = `{"last": seconds}, or a number of seconds, 1 to ${longestWatched}`;

/** A window of the last seconds, in the forms of checkWindow. Throws bad_request naming the field. */
export function checkRecent(name: string, value: unknown): RecentWindow {
  const window = typeof value === "string" ? parsed(value) : value;
  const { last, ...rest } = (typeof window === "number" ? { last: window } : (window ?? {})) as Partial<
    Record<string, unknown>
  >;
  const isWhole = typeof last === "number" && Number.isInteger(last) && last >= 1 && last <= longestWatched;
  if (isWhole && Object.keys(rest).length === 0) return { last };
  throw new TallyError("bad_request", `${name} is ${quote(last ?? value)}: give ${recentForms}`, {
    field: name,
  });
}

function checkLast(name: string, last: unknown): WindowAsked {
  if (typeof last === "number" && Number.isInteger(last) && last >= 1 && last <= longestLast) return { last };
  throw wrong(name, `last ${quote(last)}`);
}

function checkSpan(name: string, from: unknown, to: unknown): WindowAsked {
  if (!isTime(from) || !isTime(to)) throw wrong(name, `from ${quote(from)} to ${quote(to)}`);
  if (from >= to) throw wrong(name, `from ${from} to ${to}, which is no time at all`);
  return { from: Math.floor(from), to: Math.ceil(to) };
}

const isTime = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= latest;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const wrong = (field: string, what: string): TallyError =>
  new TallyError("bad_request", `${field} is ${what}: give ${windowForms}`, { field });
