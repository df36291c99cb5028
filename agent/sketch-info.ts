// A sketch as `query sketches` lists it.

import type { CounterInfo, SketchDetail, SketchInfo } from "../controller-client/messages/index.js";
import type { Counter, Sketch } from "./sketch.js";
import { watchInfo } from "./watch.js";

export function sketchInfo(sketch: Sketch, detail: boolean): SketchInfo | SketchDetail {
  const {
    id,
    label,
    filter,
    sizes,
    counters,
    watches,
    uuid,
    rule,
    since,
    inherited = false,
    problem,
  } = sketch;
  const info: SketchInfo = {
    sketch_id: id,
    ...(label === undefined ? {} : { label }),
    ...filter,
    ...(sizes ? { sizes } : {}),
    counters: [...counters.values()].map(counterInfo),
    ...(watches.size === 0
      ? {}
      : { watches: [...watches.values()].map((watch) => watchInfo(watch, detail)) }),
  };
  if (!detail) return info;
  const state =
    problem === undefined ? ({ state: "counting" } as const) : ({ state: "refused", problem } as const);
  return { ...info, uuid, rule, since, inherited, ...state };
}

const counterInfo = ({
  keyType,
  increment,
  threshold,
  capacity,
  distinct,
  spread,
}: Counter): CounterInfo => ({
  counter_key_type: keyType,
  increment,
  hitter_threshold: threshold,
  capacity,
  ...(distinct === undefined ? {} : { distinct }),
  ...(spread === undefined ? {} : { spread }),
});
