// The largest keys and their ranks: certain ones are right whatever the truth within the bounds is.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { LedgerView } from "../../agent/ledger-view.js";
import { ranked } from "../../agent/ranking.js";
import { post, removeCaptures } from "./agent-fakes.js";
import { flows, grown } from "./agent-views.js";

afterAll(removeCaptures);

interface Guess {
  readonly lower: number;
  readonly width: number;
  /** Where in its interval the truth lies, 0 to 1. */
  readonly at: number;
}

const guess: fc.Arbitrary<Guess> = fc.record({
  lower: fc.integer({ min: 0, max: 30 }),
  width: fc.integer({ min: 0, max: 6 }),
  at: fc.constantFrom(0, 0.5, 1),
});

function viewing(guesses: readonly Guess[], floor: number): LedgerView {
  const entries = () => ({
    keys: guesses.map((_, index) => `${index}`),
    lower: BigUint64Array.from(guesses, ({ lower }) => BigInt(lower)),
    upper: BigUint64Array.from(guesses, ({ lower, width }) => BigInt(lower + width)),
    floor: BigInt(floor),
  });
  return { keyType: "dport", total: () => 0n, entries, intervals: entries };
}

describe("a rank", () => {
  it("that is certain is right for every truth within the bounds", () => {
    let certain = 0;
    fc.assert(
      fc.property(fc.array(guess, { maxLength: 12 }), fc.nat({ max: 20 }), (unsorted, floor) => {
        const guesses = unsorted.filter(({ lower, width }) => lower + width > 0);
        guesses.sort((a, b) => b.lower - a.lower);
        const truths = guesses.map(({ lower, width, at }) => Math.round(lower + width * at));
        ranked(viewing(guesses, floor), new Uint8Array(), 12).forEach((row, rank) => {
          if (!row.certain) return;
          certain++;
          const own = truths[Number(row.key)] ?? 0;
          expect(own).toBeGreaterThanOrEqual(floor);
          expect(truths.filter((other) => other > own).length).toBeLessThanOrEqual(rank);
          expect(truths.filter((other) => other >= own).length).toBeGreaterThan(rank);
        });
      }),
      { numRuns: 2000 },
    );
    expect(certain).toBeGreaterThan(500);
  });
});

describe("query top", () => {
  const streams = [flows(300, 200, 4), flows(200, 200, 5), flows(400, 200, 6)];
  const query = { type: "query top", sketch_id: 0 };

  it("lists the largest keys over the tree in order, ports too", async () => {
    const { root, truth } = await grown(streams, "sport", 4096);
    const counts = [...truth("sport").values()].sort((a, b) => b - a);
    const { value } = await root.ask({ ...query, counter_key_type: "sport", detail: true });
    expect(value.order.map((key: string) => value.value[key])).toEqual(counts.slice(0, 10));
    expect(Object.values(value.keys).every((one) => (one as { certain: boolean }).certain)).toBe(true);
    const text = JSON.stringify({ ...query, counter_key_type: "sport", k: 4 });
    const reply = await root.app.inject({ method: "POST", url: "/", payload: text });
    const members = [...reply.body.matchAll(/"(\d+)":(\d+)/g)];
    expect(members.map(([, key]) => key)).toEqual(value.order.slice(0, 4));
    expect((await post(root.app, text)).value).toEqual(
      Object.fromEntries(members.map(([, k, n]) => [k, Number(n)])),
    );
  });

  it("marks no rank certain that is not, when counters have spilled", async () => {
    const { root, truth } = await grown(streams, "src_sport", 64);
    const asked = { ...query, counter_key_type: "src_sport", k: 100, detail: true };
    const { value } = await root.ask(asked);
    const counts = truth("src", "sport");
    const falling = [...counts.values()].sort((a, b) => b - a);
    let certain = 0;
    value.order.forEach((key: string, rank: number) => {
      if (!value.keys[key].certain) return;
      certain++;
      expect(counts.get(key)).toBe(falling[rank]);
    });
    expect(value.exact).toBe(false);
    expect(certain).toBeGreaterThan(0);
    const { value: bySource } = await root.ask({ ...asked, group_by: "src", k: 2 });
    expect(bySource.order).toHaveLength(2);
  });
});
