// What the agent keeps beside its sketches in the monitor, so that an agent that is restarted goes on with them.

import { isTapKind } from "../controller-client/messages/index.js";
import type { Meta, SketchRecord } from "../monitor/client.js";
import type { Counter, NewSketch, Sketch } from "./sketch-book.js";

export function sketchNote(
  sketch: Omit<NewSketch, "uuid" | "secret" | "filter" | "sizes"> & { readonly id: number },
): Meta {
  const { id, label, tap, rule, since, inherited = false } = sketch;
  return {
    id,
    rule,
    since,
    inherited,
    ...(label === undefined ? {} : { label }),
    ...(tap === undefined ? {} : { tap }),
  };
}

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

/** The default of hitter_threshold. */
const defaultThreshold = 0.1;
