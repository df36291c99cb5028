// What a tap costs the host's own traffic: iperf3 over a veth on two cores, with the tap and without it in turn. What
// softflowd costs there tells what reading copies costs on this machine at all, and an nflog tap that counts nothing, and
// uacctd, what the firewall's log does.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Host, Lab, type Running } from "../lab.js";
import { buildStream, receive, send } from "../lab-stream.js";
import { quantile, table } from "./figures.js";
import { type Other, softflowd, uacctd } from "./peers.js";

const rounds = Number(process.env.ROUNDS ?? 9);
const seconds = process.env.SECONDS ?? "2";
const device = "wire";
const port = "5201";
/** It does not say when it is ready. */
const startMs = 1000;

interface Traffic {
  readonly name: string;
  readonly offloads: boolean;
  /** iperf3's options. */
  readonly options: readonly string[];
  readonly unit: string;
}

/** Of super-packets with a larger one it is by chance whether those on their way fit the cache: 7 Gbit/s or 20. */
const window = ["-w", "256K"];
const tcp = { name: "TCP, offloads", offloads: true, options: window, unit: "Gbit/s" } as const;
const plainTcp = { ...tcp, name: "TCP, no offloads", offloads: false, options: [] } as const;
const udp = {
  ...{ name: "UDP, 64-byte frames", offloads: true, unit: "kpps received" },
  options: ["-u", "-b", "0", "-l", "18"],
} as const;
const traffics: readonly Traffic[] = [tcp, plainTcp, udp];

/** The least share of the untapped host's throughput, in the order of the traffics. */
const goals = {
  packet: [0.95, 0.8, 0.8],
  nflog: [1, 0.6, 0.7],
  nfqueue: [0.7, 0.44, 0.65],
} as const;
type Tap = keyof typeof goals;
const taps = Object.keys(goals) as readonly Tap[];
/** A tap of ours, or another program of which only the cost is asked. */
type Reader = Tap | Other;
const tapProgram = [process.execPath, join(import.meta.dirname, "host-tap.js")] as const;
const countsNothing: Other = {
  name: "nflog, no counter",
  argv: [...tapProgram, "nflog", "bare"],
  missing: undefined,
};

/** Inline, what must pass without loss. */
const inlineRate = 120_000;
const rates = [60_000, 90_000, inlineRate, 150_000, 180_000];

interface Run {
  readonly throughput: number;
  /** Of the packets (UDP) or bytes (TCP) that arrived, the share that the tap accounted for; NaN without a tap. */
  readonly accounted: number;
}

export async function benchHost(): Promise<string> {
  buildStream();
  const link = new HostLink();
  try {
    const parts: string[] = [];
    for (const traffic of traffics) parts.push(await compare(link, traffic));
    parts.push(await inlineRates(link));
    return `iperf3 over a veth, sender on core 0, receiver on core 1, the tap (seven counters) where it likes; ${rounds} rounds of ${seconds} s, medians of pairs\n${parts.join("\n")}`;
  } finally {
    await link.close();
  }
}

async function compare(link: HostLink, traffic: Traffic): Promise<string> {
  link.setOffloads(traffic.offloads);
  const rows: (readonly string[])[] = [];
  const verdicts: string[] = [];
  const present = link.others.filter(({ missing }) => missing === undefined);
  for (const reader of [...taps, ...present]) {
    const pairs: (readonly [Run, Run])[] = [];
    for (let round = 0; round < rounds; round++) {
      pairs.push([await link.run(traffic), await link.run(traffic, reader)]);
    }
    const ratio = quantile(pairs.map(([without, with_]) => with_.throughput / without.throughput));
    rows.push(row(reader, ratio, pairs));
    if (typeof reader === "string") verdicts.push(verdict(reader, ratio, traffic));
  }
  for (const { name, missing } of link.others)
    if (missing !== undefined) verdicts.push(`  SKIP ${name}: ${missing}\n`);
  const header = [traffic.name, "of untapped", `${traffic.unit}`, "untapped", "least accounted %"];
  return `${table(header, rows)}${verdicts.join("")}`;
}

function verdict(tap: Tap, ratio: number, traffic: Traffic): string {
  const goal = goals[tap][traffics.indexOf(traffic)] ?? Number.NaN;
  const met = ratio >= goal ? "met" : "NOT MET";
  return `  ${tap}: ${ratio.toFixed(2)}, goal at least ${goal.toFixed(2)}: ${met}\n`;
}

function row(reader: Reader, ratio: number, pairs: readonly (readonly [Run, Run])[]): readonly string[] {
  const [without, with_] = [0, 1].map((index) => quantile(pairs.map((pair) => pair[index]?.throughput ?? 0)));
  const accounted = Math.min(...pairs.map(([, { accounted }]) => 100 * accounted));
  const counted = Number.isNaN(accounted) ? "" : accounted.toFixed(2);
  const name = typeof reader === "string" ? reader : reader.name;
  return [name, ratio.toFixed(2), (with_ ?? 0).toFixed(2), (without ?? 0).toFixed(2), counted];
}

async function inlineRates(link: HostLink): Promise<string> {
  const rows: (readonly string[])[] = [];
  for (const rate of rates) {
    const lost: number[] = [];
    for (let round = 0; round < rounds; round++) lost.push(await link.lostInline(rate));
    const clean = lost.filter((packets) => packets === 0).length;
    rows.push([`${rate / 1000} kpps`, `${clean} of ${rounds}`, `${Math.max(...lost)}`]);
  }
  const clean = rows[rates.indexOf(inlineRate)]?.[1] ?? "";
  const met = clean === `${rounds} of ${rounds}` ? "met" : "NOT MET";
  return `${table(["inline, UDP for 2 s", "without loss", "most uncounted"], rows)}  ${inlineRate / 1000} kpps without loss: ${met}\n`;
}

/** Two namespaces joined by a veth; the tap is where the traffic arrives. */
class HostLink {
  readonly #lab = new Lab(2);
  readonly #sender: Host;
  readonly #receiver: Host;
  readonly others: readonly Other[];

  constructor() {
    const [a, b] = [this.#lab.host(0), this.#lab.host(1)];
    this.others = [countsNothing, softflowd(device, this.#lab.folder), uacctd(this.#lab.folder)];
    command(
      "ip",
      "-n",
      a.namespace,
      "link",
      "add",
      device,
      "type",
      "veth",
      "peer",
      device,
      "netns",
      b.namespace,
    );
    this.#sender = onWire(a, "10.98.0.1");
    this.#receiver = onWire(b, "10.98.0.2");
    for (const { namespace, address } of [this.#sender, this.#receiver]) {
      command("ip", "-n", namespace, "address", "add", `${address}/24`, "dev", device);
      command("ip", "-n", namespace, "link", "set", device, "up");
    }
  }

  close(): Promise<void> {
    return this.#lab.close();
  }

  setOffloads(on: boolean): void {
    const to = on ? "on" : "off";
    for (const { namespace } of [this.#sender, this.#receiver]) {
      const names = ["tso", "gso", "gro"].flatMap((name) => [name, name === "gro" ? "off" : to]);
      command("ip", "netns", "exec", namespace, "ethtool", "-K", device, ...names);
    }
  }

  async run(traffic: Traffic, reader?: Reader): Promise<Run> {
    const tap = typeof reader === "string" ? await this.#startTap(reader) : undefined;
    const other = typeof reader === "object" ? await this.#startOther(reader) : undefined;
    const serving = ["taskset", "-c", "1", "iperf3", "-s", "-1", "-p", port, "--forceflush"];
    const server = await this.#lab.spawn(this.#receiver, serving, { ready: /listening/ });
    const argv = ["-c", this.#receiver.address, "-p", port, "-t", seconds, "-J", ...traffic.options];
    const said = await this.#lab.must(this.#sender, "taskset", "-c", "0", "iperf3", ...argv);
    await server.ended;
    await other?.stop();
    const arrived = traffic === udp ? udpOf(said) : tcpOf(said);
    const accounted = tap === undefined ? Number.NaN : accountedOf(await tap(), arrived);
    return { throughput: arrived.throughput, accounted };
  }

  /** Packets that the inline tap did not count, or that did not arrive, of two seconds at this rate. */
  async lostInline(rate: number): Promise<number> {
    const tap = await this.#startTap("nfqueue");
    const arrived = await receive(this.#lab, this.#receiver);
    const sending = await send(this.#lab, this.#sender, this.#receiver, rate, 2 * rate);
    await sending.ended;
    await sleep(200);
    const { received } = await arrived();
    const { packets } = await tap();
    return 2 * rate - Math.min(received, packets);
  }

  async #startOther({ argv }: Other): Promise<Running> {
    const running = await this.#lab.spawn(this.#receiver, argv);
    await sleep(startMs);
    return running;
  }

  /** The returned function ends it and says what it counted. */
  async #startTap(kind: Tap): Promise<() => Promise<Counted>> {
    const running = await this.#lab.spawn(this.#receiver, [...tapProgram, kind], { ready: /ready/ });
    return async () => {
      await running.stop();
      return JSON.parse(running.stdout().split("\n")[1] ?? "") as Counted;
    };
  }
}

/** What the tap says it counted of iperf3's traffic, and what it lost. */
export interface Counted {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
}

interface Arrived {
  readonly throughput: number;
  readonly packets?: number;
  readonly bytes?: number;
}

function tcpOf(said: string): Arrived {
  const { sum_received } = (JSON.parse(said) as { end: { sum_received: Record<string, number> } }).end;
  return { throughput: (sum_received.bits_per_second ?? 0) / 1e9, bytes: sum_received.bytes ?? 0 };
}

function udpOf(said: string): Arrived {
  const { sum } = (JSON.parse(said) as { end: { sum: Record<string, number> } }).end;
  const { packets = 0, lost_packets = 0, seconds: time = 1 } = sum;
  return { throughput: (packets - lost_packets) / time / 1000, packets: packets - lost_packets };
}

/** A dead tap looks fast: what arrived at iperf3 must have been seen by the tap. Lost, but told, is accounted for. */
function accountedOf(counted: Counted, { packets, bytes = 0 }: Arrived): number {
  const share = packets === undefined ? counted.bytes / bytes : (counted.packets + counted.lost) / packets;
  return Math.min(1, share);
}

const onWire = (host: Host, address: string): Host => ({ ...host, address });

function command(program: string, ...argv: readonly string[]): void {
  const { status, stderr } = spawnSync(program, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${argv.join(" ")}: ${stderr}`);
}
