// What the agent keeps beside its sketches in the monitor, so that an agent that is restarted goes on with them.

import { checkRequest, isTapKind, type Request } from "../controller-client/messages/index.js";
import type { Meta, SketchRecord } from "../monitor/client.js";
import type { Counter, NewSketch, Sketch } from "./sketch.js";
import type { SketchBook } from "./sketch-book.js";
import { type Watch, watchOf, watchRequest } from "./watch.js";

export function sketchNote(sketch: Omit<Sketch, "secret" | "filter" | "sizes" | "counters">): Meta {
  const { id, uuid, label, tap, rule, since, watches, inherited = false } = sketch;
  return {
    id,
    rule,
    since,
    inherited,
    ...(label === undefined ? {} : { label }),
    ...(tap === undefined ? {} : { tap }),
    ...(watches.size === 0 ? {} : { watches: [...watches.values()].map((watch) => watchNote(uuid, watch)) }),
  };
}

/** As its message has it, which says all that is to be checked when it is found again. */
const watchNote = (sketch: string, { id, inherited = false, ...watch }: Watch) => ({
  id,
  inherited,
  request: watchRequest(sketch, watch),
});

export const counterNote = ({ threshold, since }: Counter): Meta => ({ threshold, since });

/** A sketch found in the monitor; what its notes lack is filled in, since another program may have written them. */
export function sketchOf({ uuid, secret, filter, sizes, meta }: SketchRecord, now: number): NewSketch {
  const { id, label, tap, rule, since, inherited } = meta;
  return {
    uuid,
    secret,
    filter,
    ...(sizes ? { sizes } : {}),
    rule: rule === true,
    inherited: inherited === true,
    since: typeof since === "number" ? since : now,
    ...(Number.isSafeInteger(id) && Number(id) >= 0 ? { id: Number(id) } : {}),
    ...(typeof label === "string" ? { label } : {}),
    ...(isTapKind(tap) ? { tap } : {}),
  };
}

export function addCounters(sketch: Sketch, { counters }: SketchRecord, now: number): void {
  for (const { spec, meta } of counters) {
    const threshold = typeof meta.threshold === "number" ? meta.threshold : defaultThreshold;
    const since = typeof meta.since === "number" ? meta.since : now;
    sketch.counters.set(spec.keyType, { ...spec, threshold, since });
  }
}

/** Watches found with a sketch; one that is none is left out. */
export function addWatches({ watches }: SketchBook, sketch: Sketch, { meta }: SketchRecord): void {
  for (const note of Array.isArray(meta.watches) ? meta.watches : []) {
    const { id, inherited, request } = (note ?? {}) as Readonly<Record<string, unknown>>;
    const found = requestIn(request);
    if (found?.type !== "watch" || found.watch === undefined) continue;
    const kept = Number.isSafeInteger(id) && Number(id) >= 0 ? { id: Number(id) } : {};
    watches.add(sketch, { ...watchOf(found, found.watch), inherited: inherited === true, ...kept });
  }
}

function requestIn(value: unknown): Request | undefined {
  try {
    return checkRequest(value as Readonly<Record<string, unknown>>);
  } catch {
    return undefined;
  }
}

/** The default of hitter_threshold. */
const defaultThreshold = 0.1;
