// The way of the older Python service on the same frames: scapy and a count-min sketch, at a rate that it can stand.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { quantile, table } from "./figures.js";
import { type Receiver, type Run, root, type Traffic, type Wire } from "./wire.js";

const python = "/usr/bin/python3";
const traffic: Traffic = { name: "100 000 flows, 2 kpps", flows: "zipf", packets: 10_000, rate: 2000 };
/** Ours against it, each at a rate that it is used at. */
const leastRatio = 300;

const oldWay = (device: string): Receiver => ({
  name: "scapy and count-min in Python",
  argv: [python, join(root, "test/bench/old_way.py"), device],
  packets: (said) => Number(/packets: (\d+)/.exec(said)?.[1] ?? Number.NaN),
  startMs: 4000,
});

/** `ours`: our receiver, and what it takes a packet at 900 000 a second, in nanoseconds. */
export async function benchOldWay(wire: Wire, ours: { receiver: Receiver; ns: number }, rounds: number) {
  if (!hasScapy()) return "SKIP the old way: scapy is missing, apt-get install python3-scapy failed\n";
  const receivers = [ours.receiver, oldWay(wire.device)];
  const runs: Run[][] = receivers.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, receiver] of receivers.entries()) runs[i]?.push(await wire.measure(receiver, traffic));
  const rows = receivers.map(({ name }, i) => [name, ...figures(runs[i] ?? [])]);
  const [same = Number.NaN, old = Number.NaN] = runs.map((all) =>
    quantile(all.map(({ cpu, accounted }) => cpu / accounted)),
  );
  const ratio = old / ours.ns;
  const verdict = ratio >= leastRatio ? "met" : "NOT MET";
  return `${table([traffic.name, "ns/packet", "lowest", "highest", "accounted %"], rows)}  the old way / src_dst at this rate: ${(old / same).toFixed(0)}\n  the old way / src_dst at 900 kpps: ${ratio.toFixed(0)}, goal at least ${leastRatio}: ${verdict}\n`;
}

function figures(runs: readonly Run[]): readonly string[] {
  const cpu = runs.map((run) => run.cpu);
  const accounted = 100 * quantile(runs.map((run) => run.accounted));
  const ns = [quantile(cpu), Math.min(...cpu), Math.max(...cpu)].map((one) => one.toFixed(0));
  return [...ns, accounted.toFixed(2)];
}

function hasScapy(): boolean {
  const there = () => spawnSync(python, ["-c", "import scapy"]).status === 0;
  if (there()) return true;
  const argv = ["-qq", "-y", "install", "--no-install-recommends", "python3-scapy"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", argv, { env, stdio: "ignore", timeout: 120_000 });
  return there();
}
