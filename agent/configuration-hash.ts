// The hash of a configuration. Every answer to an agent above says it, so what a sketch adds to it is computed once.

import { createHash } from "node:crypto";
import type { Relay } from "../controller-client/messages/index.js";
import type { Counter, Sketch } from "./sketch.js";
import { creation } from "./sketch-book.js";
import type { Watch } from "./watch.js";

interface Digested {
  readonly parts: readonly (Counter | Watch)[];
  readonly digest: string;
}

const digested = new WeakMap<Sketch, Digested>();

/** Equal for sketches that count and watch the same, in whatever order they came. */
export const hashOf = (sketches: readonly Sketch[]): string => digestOf(sketches.map(digestOfSketch).sort());

/** One request, without the secret: those of one rule, configured at two agents by hand, may differ. */
export const textOf = ({ secret: _, ...request }: Relay): string =>
  JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));

// Only its counters and watches change, and each of them is replaced when it does.
function digestOfSketch(sketch: Sketch): string {
  const parts = [...sketch.counters.values(), ...sketch.watches.values()];
  const known = digested.get(sketch);
  if (known !== undefined && isSame(known.parts, parts)) return known.digest;
  const digest = digestOf(creation(sketch).map(textOf).sort());
  digested.set(sketch, { parts, digest });
  return digest;
}

const isSame = (a: readonly object[], b: readonly object[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i]);

const digestOf = (texts: readonly string[]): string =>
  createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 32);
