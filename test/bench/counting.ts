// What counting costs a packet: a capture of Zipf traffic is replayed with no, one and seven counters.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTap } from "../../native/index.js";
import { captureBytes, type Datagram } from "../native/capture-bytes.js";
import { quantile, table } from "./figures.js";

const rounds = 5;
const packets = 1_000_000;
const keyTypes = ["src_dst", "src", "dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"];

export async function benchCounting(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tallytree-bench-"));
  try {
    const rows: string[][] = [];
    for (const flows of [1000, 100_000]) rows.push(...(await measure(join(folder, "zipf.pcap"), flows)));
    const header = ["flows", "counters", "ns/packet", "lowest", "highest", "times none"];
    return `CPU of replaying ${packets} packets, Zipf 1.0, ${rounds} rounds, medians\n${table(header, rows)}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(path: string, flows: number): Promise<string[][]> {
  writeFileSync(path, captureBytes(zipf(flows)));
  const counts = [0, 1, keyTypes.length];
  const times = counts.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, count] of counts.entries()) times[i]?.push(await replay(path, count));
  }
  const none = quantile(times[0] ?? []);
  return counts.map((count, i) => {
    const runs = times[i] ?? [];
    const figures = [quantile(runs), Math.min(...runs), Math.max(...runs)].map((ns) => ns.toFixed(0));
    return [`${flows}`, `${count}`, ...figures, (quantile(runs) / none).toFixed(1)];
  });
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

/** One second of packets per 100 000, flow f with a weight of 1 / f. The generator's seed is fixed. */
function zipf(flows: number): readonly Datagram[] {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const dotted = (n: number) => `${10 + (n >>> 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  const weights = new Float64Array(flows);
  let sum = 0;
  for (let f = 0; f < flows; f++) weights[f] = sum += 1 / (f + 1);
  const flowOf = (point: number) => {
    let low = 0;
    let high = flows - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((weights[middle] ?? 0) < point) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return Array.from({ length: packets }, (_, i) => {
    const flow = flowOf(random() * sum);
    const mixed = Math.imul(flow, 2_654_435_761) >>> 0;
    const ports = { sport: mixed & 0xffff, dport: (flow * 7) & 0xffff };
    return {
      src: dotted(mixed % 2 ** 20),
      dst: dotted(mixed >>> 12),
      proto: 17,
      length: 46,
      time: 1_700_000_000 + Math.floor(i / 100_000),
      ...ports,
    };
  });
}
