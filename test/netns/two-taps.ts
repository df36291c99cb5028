// Runs in a namespace: a tap of one core and one of two side by side; says on SIGTERM what each counted.

import {
  distinctCount,
  ledgerIntervals,
  ledgerSummary,
  openTap,
  type Tap,
  type TapStats,
} from "../../native/index.js";

/** What a tap counted by dport. */
export interface Counted {
  readonly packets: string;
  readonly total: string;
  readonly exact: boolean;
  readonly distinct: readonly [number, number];
  /** Of the ports 1, 2, ... that were asked for. */
  readonly intervals: readonly (readonly [number, number])[];
  readonly point: readonly [number, number];
  readonly stats: TapStats;
}

const ports = Number(process.argv[2]);
const secret = Buffer.alloc(16, 7);
const spec = { keyType: "dport", increment: "pkt", capacity: 4096 } as const;

const taps = await Promise.all([1, 2].map(open));
const idle = setInterval(() => undefined, 60_000);
process.once("SIGTERM", async () => {
  clearInterval(idle);
  const counted = await Promise.all(taps.map(ask));
  process.stdout.write(`${JSON.stringify(counted)}\n`);
  await Promise.all(taps.map((tap) => tap.stop()));
});
process.stdout.write("ready\n");

async function open(cores: number): Promise<Tap> {
  const tap = openTap({ kind: "packet", cores });
  await tap.addSketch("s", secret, { direction: "input", proto: 17 });
  await tap.addCounter("s", spec);
  tap.start();
  return tap;
}

async function ask(tap: Tap): Promise<Counted> {
  const { value: ledger } = await tap.ledger("s", "dport", "all");
  const { total, exact } = ledgerSummary(ledger);
  const { lower, upper } = distinctCount((await tap.distinct("s", "dport", "all")).value);
  const keys = Array.from({ length: ports }, (_, i) => `${i + 1}`);
  const found = ledgerIntervals(ledger, secret, keys);
  const { value: point } = await tap.interval("s", "dport", "1", "all");
  return {
    packets: `${(await tap.totals("s")).packets}`,
    total: `${total}`,
    exact,
    distinct: [lower, upper],
    intervals: keys.map((_, i) => [Number(found.lower[i]), Number(found.upper[i])] as const),
    point: [Number(point.lower), Number(point.upper)],
    stats: await tap.stats(),
  };
}
