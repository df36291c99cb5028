// Equal configurations have equal hashes, others have not.

import { expect, it } from "vitest";
import { hashOf } from "../../agent/configuration-hash.js";
import type { Counter, Sketch } from "../../agent/sketch.js";
import { SketchBook } from "../../agent/sketch-book.js";

const uuid = (index: number) => `11111111-1111-4111-8111-00000000000${index}`;
const counter = (keyType: string, threshold = 0.1): Counter => ({
  ...{ keyType, increment: "pkt", capacity: 64, threshold, since: 1 },
});

/** A sketch of an agent of its own, with these counters. */
function sketch(index: number, ...keyTypes: readonly string[]): Sketch {
  const filter = { interface: "INPUT" } as const;
  const secret = `${index}`.repeat(32);
  const made = new SketchBook().add({ uuid: uuid(index), secret, filter, rule: false, since: index });
  for (const keyType of keyTypes) made.counters.set(keyType, counter(keyType));
  return made;
}

it("is another one with a watch, wherever it was numbered, and the first one again without it", () => {
  const watched = (id: number, above: number) => {
    const one = sketch(1, "src");
    const watch = {
      id,
      uuid: uuid(9),
      keyType: "src",
      limit: { above },
      seconds: 10,
      scope: "host",
    } as const;
    one.watches.set(watch.uuid, watch);
    return one;
  };
  const [one, other] = [watched(0, 5), watched(3, 5)];
  expect(hashOf([one])).toBe(hashOf([other]));
  expect(hashOf([one])).not.toBe(hashOf([watched(0, 6)]));
  one.watches.clear();
  expect(hashOf([one])).toBe(hashOf([sketch(1, "src")]));
});

it("is that of the set, whatever the order", () => {
  const hash = hashOf([sketch(1, "src", "dst"), sketch(2)]);
  expect(hashOf([sketch(2), sketch(1, "dst", "src")])).toBe(hash);
  expect(hashOf([sketch(1, "src", "dst")])).not.toBe(hash);
  expect(hashOf([sketch(1, "src"), sketch(2, "dst")])).not.toBe(hash);
});

it("is another one when a counter is added or changed, and the first one again without it", () => {
  const one = sketch(1, "src");
  const hashes = [hashOf([one])];
  one.counters.set("dst", counter("dst"));
  hashes.push(hashOf([one]));
  one.counters.set("dst", counter("dst", 0.2));
  hashes.push(hashOf([one]));
  expect(new Set(hashes).size).toBe(3);
  one.counters.delete("dst");
  expect(hashOf([one])).toBe(hashes[0]);
});
