// What counting costs a packet: a capture file of 64-byte frames is replayed with no, one and seven counters.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTap } from "../../native/index.js";
import { quantile, table } from "./figures.js";
import { buildGenerator, generator } from "./wire.js";

const rounds = 5;
const packets = 4_000_000;
/** By the time stamps: four seconds close. */
const rate = 1_000_000;
const keyTypes = ["src_dst", "src", "dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"];
/** Millions of packets a second and core, with one counter over Zipf flows. */
const goal = 10;

const flows = { zipf: "100 000 flows, Zipf", churn: "a million flows in churn" } as const;
type Flows = keyof typeof flows;

export async function benchReplay(): Promise<string> {
  buildGenerator();
  const folder = mkdtempSync(join(tmpdir(), "tallytree-bench-"));
  try {
    const path = join(folder, "bench.pcap");
    const zipf = await measure(path, "zipf");
    const churn = await measure(path, "churn");
    const header = ["", "counters", "ns/packet", "lowest", "highest", "M packets/s and core"];
    const speed = 1000 / quantile(zipf[1] ?? []);
    const verdict = `  one counter, Zipf: ${speed.toFixed(1)} M packets/s and core, goal ${goal}: ${speed > goal ? "met" : "NOT MET"}\n`;
    return `CPU of replaying ${packets} packets of a file in the page cache, ${rounds} rounds, medians\n${table(header, [...rows("zipf", zipf), ...rows("churn", churn)])}${verdict}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Nanoseconds a packet of every round, by the number of counters. */
type Runs = Readonly<Record<number, readonly number[]>>;

function rows(name: Flows, runs: Runs): readonly (readonly string[])[] {
  return Object.entries(runs).map(([counters, times]) => {
    const figures = [quantile(times), Math.min(...times), Math.max(...times)].map((ns) => ns.toFixed(0));
    return [flows[name], counters, ...figures, (1000 / quantile(times)).toFixed(1)];
  });
}

async function measure(path: string, name: Flows): Promise<Runs> {
  const { status } = spawnSync(generator, ["file", path, name, `${packets}`, `${rate}`], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the capture file could not be written");
  const runs: Record<number, number[]> = { 0: [], 1: [], [keyTypes.length]: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [counters, times] of Object.entries(runs)) times.push(await replay(path, Number(counters)));
  }
  return runs;
}

/** Nanoseconds of CPU a packet. */
async function replay(path: string, counters: number): Promise<number> {
  const tap = openTap({ kind: "file", path });
  await tap.addSketch("bench", Buffer.alloc(16, 1), { direction: "input" });
  for (const keyType of keyTypes.slice(0, counters)) {
    await tap.addCounter("bench", { keyType, increment: "pkt", capacity: 4096 });
  }
  const before = process.cpuUsage();
  tap.start();
  await tap.finished;
  const { user, system } = process.cpuUsage(before);
  const { packets: counted } = await tap.totals("bench");
  await tap.stop();
  if (counted !== BigInt(packets)) throw new Error(`${counted} of ${packets} packets were counted`);
  return ((user + system) * 1000) / packets;
}
