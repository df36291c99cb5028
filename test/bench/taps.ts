// What reading every packet costs: our packet tap and its peers on the same traffic, in turn, in the same minutes.

import { join } from "node:path";
import { quantile, table } from "./figures.js";
import { benchOldWay } from "./old-way.js";
import { type Peer, peers } from "./peers.js";
import { plainRing, type Receiver, type Run, type Traffic, Wire } from "./wire.js";

const rounds = Number(process.env.ROUNDS ?? 5);
/** Part of the names of the traffics to measure; empty: all, and then the old way. */
const asked = process.env.TRAFFIC ?? "";
const sevenKeys = ["src", "dst", "src_dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"];

const usual: Traffic = {
  name: "100 000 flows, 900 kpps",
  flows: "zipf",
  packets: 1_800_000,
  rate: 900_000,
};
const traffics: readonly Traffic[] = [
  { name: "100 000 flows, 300 kpps", flows: "zipf", packets: 450_000, rate: 300_000 },
  usual,
  { name: "100 000 flows, fastest", flows: "zipf", packets: 3_000_000 },
  { name: "a million flows in churn, 900 kpps", flows: "churn", packets: 1_800_000, rate: 900_000 },
  { name: "a million flows in churn, fastest", flows: "churn", packets: 3_000_000 },
];

interface Goal {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  readonly most: number;
}

const [none, one, seven] = ["ours, no counter", "ours, src_dst", "ours, seven counters"] as const;
const [counting, countMin] = ["plain loop, counting", "plain loop, count-min"] as const;
const goals: readonly Goal[] = [
  { what: "src_dst / nfpcapd", ours: one, peer: "nfpcapd", most: 1 / 3 },
  { what: "src_dst / softflowd", ours: one, peer: "softflowd -m 400000", most: 1 / 6 },
  { what: "seven / nfpcapd", ours: seven, peer: "nfpcapd", most: 0.6 },
];
/** Nanoseconds of src_dst at 900 kpps, on a machine where the plain loop takes 9 to 15 to count. */
const mostNs = 80;
const sameOnAnyMachine: Goal = { what: "src_dst / plain loop", ours: one, peer: counting, most: mostNs / 15 };

export async function benchTaps(): Promise<string> {
  const wanted = traffics.filter(({ name }) => name.includes(asked));
  if (wanted.length === 0) {
    throw new Error(`TRAFFIC must be part of one of: ${traffics.map(({ name }) => name).join("; ")}`);
  }
  const wire = new Wire();
  try {
    const all = peers(wire.device, wire.folder);
    const missing = all.flatMap((peer) => (peer.missing === undefined ? [] : [`${peer.missing}\n`]));
    const receivers = [...ours(), ...plainLoops(wire.device), ...all.filter(isPresent)];
    const parts: string[] = [];
    let ns = Number.NaN;
    for (const traffic of wanted) {
      const runs = await measure(wire, traffic, receivers);
      parts.push(report(traffic, receivers, runs));
      if (traffic === usual) ns = costOf(runs);
    }
    const oldWay = { receiver: tap(one, ["src_dst"]), ns };
    if (asked === "") parts.push(await benchOldWay(wire, oldWay, rounds));
    return `CPU of the receiver's process a packet sent, 64-byte frames, ${rounds} rounds, medians; ratios by packet accounted; waited: for a core that others were using\n${[...missing, ...parts].join("\n")}`;
  } finally {
    await wire.close();
  }
}

const isPresent = ({ missing }: Peer) => missing === undefined;

const packetsOf = (said: string) => Number(/"packets":(\d+)/.exec(said)?.[1] ?? Number.NaN);

const tap = (name: string, keyTypes: readonly string[]): Receiver => ({
  name,
  argv: [process.execPath, join(import.meta.dirname, "tapper.js"), "16", ...keyTypes],
  packets: packetsOf,
});

function ours(): readonly Receiver[] {
  return [tap(none, []), tap(one, ["src_dst"]), tap(seven, sevenKeys)];
}

/** What reading every packet costs on this machine at all, and what a bare count-min of source and destination does. */
function plainLoops(device: string): readonly Receiver[] {
  return [
    { name: counting, argv: [plainRing, device], packets: packetsOf },
    { name: countMin, argv: [plainRing, device, "count-min"], packets: packetsOf },
  ];
}

type Runs = ReadonlyMap<string, Run[]>;

async function measure(wire: Wire, traffic: Traffic, receivers: readonly Receiver[]): Promise<Runs> {
  const runs = new Map<string, Run[]>();
  for (let round = 0; round < rounds; round++) {
    for (const receiver of receivers) {
      const run = await wire.measure(receiver, traffic);
      runs.set(receiver.name, [...(runs.get(receiver.name) ?? []), run]);
    }
  }
  return runs;
}

function report(traffic: Traffic, receivers: readonly Receiver[], runs: Runs): string {
  const header = [
    traffic.name,
    "ns/packet",
    "lowest",
    "highest",
    "accounted %",
    "lowest",
    "sent kpps",
    "waited ms",
  ];
  const rows = receivers.map(({ name }) => row(name, runs.get(name) ?? []));
  const verdicts = [...goals.flatMap((goal) => verdict(goal, runs)), ...costVerdict(traffic, runs)];
  return `${table(header, rows)}${verdicts.join("")}`;
}

function row(name: string, runs: readonly Run[]): readonly string[] {
  const cpu = runs.map((run) => run.cpu);
  const accounted = runs.map((run) => 100 * run.accounted);
  const sent = quantile(runs.map((run) => run.packetsPerSecond)) / 1000;
  return [
    name,
    ...[quantile(cpu), Math.min(...cpu), Math.max(...cpu)].map((ns) => ns.toFixed(0)),
    ...[quantile(accounted), Math.min(...accounted)].map((share) => share.toFixed(2)),
    sent.toFixed(0),
    quantile(runs.map((run) => run.waited)).toFixed(0),
  ];
}

function verdict({ what, ours, peer, most }: Goal, runs: Runs): readonly string[] {
  // A receiver that lost packets did not work for them.
  const [own, other] = [ours, peer].map((name) =>
    quantile((runs.get(name) ?? []).map(({ cpu, accounted }) => cpu / accounted)),
  );
  const ratio = (own ?? Number.NaN) / (other ?? Number.NaN);
  if (Number.isNaN(ratio)) return [`  ${what}: not measured\n`];
  return [
    `  ${what}: ${ratio.toFixed(2)}, goal at most ${most.toFixed(2)}: ${ratio <= most ? "met" : "NOT MET"}\n`,
  ];
}

function costVerdict(traffic: Traffic, runs: Runs): readonly string[] {
  if (traffic !== usual) return [];
  const ns = costOf(runs);
  const met = ns <= mostNs ? "met" : "NOT MET";
  return [
    `  src_dst: ${ns.toFixed(0)} ns a packet, goal at most ${mostNs}: ${met}\n`,
    ...verdict(sameOnAnyMachine, runs),
  ];
}

/** Nanoseconds of src_dst. */
const costOf = (runs: Runs): number => quantile((runs.get(one) ?? []).map(({ cpu }) => cpu));
