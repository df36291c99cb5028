// The ledger against two independent counts of the same stream: an exact map, and npm's count-min-sketch, which
// knows nothing of our hashes. Both sketches must never be below the truth, and ours never above it at the low end.

import createCountMin from "count-min-sketch";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CounterSpec, ledgerIntervals, ledgerSummary, mergeLedgers } from "../../native/index.js";
import type { Datagram } from "./capture-bytes.js";
import { replay, secret, sketch } from "./replay.js";

const counter: CounterSpec = { keyType: "src", increment: "pkt", capacity: 16 };
const accuracy = 0.01;

/** Few keys often and many keys seldom: ledgers of 16 entries must purge. */
const host = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 250 }));
const stream = fc.array(host, { maxLength: 400, size: "max" });
const toDatagram = (n: number): Datagram => ({ src: `10.0.0.${n}`, dst: "10.0.0.5", proto: 1 });

async function encodedLedger(hosts: readonly number[]): Promise<Buffer> {
  const tap = await replay(hosts.map(toDatagram), [counter]);
  const ledger = (await tap.ledger(sketch, counter.keyType, "all")).value;
  await tap.stop();
  return ledger;
}

test("every interval holds the truth, and no lower bound exceeds the oracle's estimate", async () => {
  let purged = 0;
  const property = fc.asyncProperty(fc.array(stream, { minLength: 1, maxLength: 4 }), async (streams) => {
    const truth = new Map<string, number>();
    const oracle = createCountMin(accuracy, 0.001);
    for (const { src } of streams.flat().map(toDatagram)) {
      truth.set(src, (truth.get(src) ?? 0) + 1);
      oracle.update(src, 1);
    }
    const merged = mergeLedgers(await Promise.all(streams.map(encodedLedger)), secret);
    const keys = [...truth.keys(), "10.9.9.9"];
    const { lower, upper } = ledgerIntervals(merged, secret, keys);
    keys.forEach((key, i) => {
      const count = truth.get(key) ?? 0;
      expect(Number(lower[i])).toBeLessThanOrEqual(count);
      expect(Number(upper[i])).toBeGreaterThanOrEqual(count);
      expect(Number(lower[i])).toBeLessThanOrEqual(oracle.query(key));
    });
    const { total, exact } = ledgerSummary(merged);
    expect(total).toBe(BigInt(streams.flat().length));
    purged += exact ? 0 : 1;
  });
  await fc.assert(property, { numRuns: 60 });
  expect(purged).toBeGreaterThan(10);
});
