// From the windows that controllers ask for to spans of seconds: resolved once, by the agent asked, so that every host
// below it adds up the same seconds.

import {
  type NamedWindow,
  type Span,
  TallyError,
  type WindowAsked,
} from "../controller-client/messages/index.js";

/** A second is taken to be over on every host when it has been over here for this long; see clock_off. */
export const graceMs = 100;

const usualSeconds = 10;

/** The whole seconds of a window; `nowMs` is this host's clock. */
export function spanOf(asked: Exclude<WindowAsked, NamedWindow>, nowMs: number): Span {
  if (!("last" in asked)) return asked;
  const to = Math.floor((nowMs - graceMs) / 1000);
  return { from: Math.max(0, to - asked.last), to };
}

/** Seconds are kept one by one for 60; a question may be under way for some of them. */
const mostRecent = 50;
const usualRecent = 30;

/** A span of the last seconds, each of which is kept by itself. Throws bad_request for any other window. */
export function recentSpan(window: WindowAsked | undefined, nowMs: number): Span {
  const asked = timeOf("window", window ?? { last: usualRecent });
  const { from, to } = spanOf(asked, nowMs);
  const oldest = Math.floor(nowMs / 1000) - mostRecent - 5;
  if (to - from <= mostRecent && from >= oldest) return { from, to };
  const message = `window must lie within the last ${mostRecent} seconds, which are kept one by one: give {"last": ${mostRecent}} or less`;
  throw new TallyError("bad_request", message, { field: "window" });
}

export interface TwoWindows {
  readonly window: Span;
  readonly before: Span;
}

/** The windows of a comparison: by default the last ten seconds, and as many right before. */
export function comparedSpans(
  {
    window,
    before,
  }: { readonly window?: WindowAsked | undefined; readonly before?: WindowAsked | undefined },
  nowMs: number,
): TwoWindows {
  const later = spanOf(timeOf("window", window ?? { last: usualSeconds }), nowMs);
  if (before !== undefined) return { window: later, before: spanOf(timeOf("before", before), nowMs) };
  const length = later.to - later.from;
  if (later.from === 0) throw new TallyError("bad_request", nothingBefore, { field: "before" });
  const earlier = { from: Math.max(0, later.from - length), to: later.from };
  return { window: later, before: earlier };
}

function timeOf(field: string, asked: WindowAsked): Exclude<WindowAsked, NamedWindow> {
  if (typeof asked !== "string") return asked;
  const message = `${field} is "${asked}": give a time: {"last": seconds} or {"from", "to"}`;
  throw new TallyError("bad_request", message, { field });
}

const nothingBefore = "before is missing and window begins with 1970: give both";

/** A question with its window resolved, for every host to answer alike. */
export function resolved<Q extends { readonly window?: WindowAsked | undefined }>(query: Q, nowMs: number) {
  if (query.window === undefined) return { window: "all", request: {} } as const;
  const window = typeof query.window === "string" ? query.window : spanOf(query.window, nowMs);
  return { window, request: { window } } as const;
}
