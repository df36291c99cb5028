// Sketches as they are kept on disk: what is wanted, not what was counted.

import type { Counter, Sketch } from "./sketch.js";
import type { SketchBook } from "./sketch-book.js";
import type { Watch } from "./watch.js";

export type StoredSketch = Omit<Sketch, "counters" | "watches" | "problem"> & {
  readonly counters: readonly Counter[];
  /** Absent in files of before. */
  readonly watches?: readonly Watch[];
};

export function storedSketch({ problem: _, counters, watches, ...sketch }: Sketch): StoredSketch {
  return { ...sketch, counters: [...counters.values()], watches: [...watches.values()] };
}

/** Puts one back, to count from now on. */
export function unstoredSketch(book: SketchBook, stored: StoredSketch, now: number): Sketch {
  const { counters, watches: _, ...rest } = stored;
  const sketch = book.add({ ...rest, since: now });
  for (const counter of counters) sketch.counters.set(counter.keyType, { ...counter, since: now });
  return sketch;
}
