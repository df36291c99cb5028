// Sketches as they are kept on disk: what is wanted, not what was counted.

import type { Counter, Sketch, SketchBook } from "./sketch-book.js";

export type StoredSketch = Omit<Sketch, "counters" | "problem"> & { readonly counters: readonly Counter[] };

export function storedSketch({ problem: _, counters, ...sketch }: Sketch): StoredSketch {
  return { ...sketch, counters: [...counters.values()] };
}

/** Puts one back, to count from now on. */
export function unstoredSketch(book: SketchBook, { counters, ...stored }: StoredSketch, now: number): Sketch {
  const sketch = book.add({ ...stored, since: now });
  for (const counter of counters) sketch.counters.set(counter.keyType, { ...counter, since: now });
  return sketch;
}
