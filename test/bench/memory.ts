// What monitor and agent take of the machine's memory with eight counters filled by a million flows, when they have
// been asked a hundred times.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../lab.js";
import { Network, port } from "../lab-network.js";
import { table } from "./figures.js";
import { buildGenerator, generator } from "./wire.js";

const goalMB = 120;
const queries = 100;
/** The monitor's default. */
const ringKiB = 16 * 1024;
const programs = join(import.meta.dirname, "../..");
const keyTypes = ["src", "dst", "src_dst", "sport", "dport", "src_dport", "dst_dport"];
const fiveTuple = "src_sport_dst_dport_proto";

interface Taken {
  /** All in KiB. */
  readonly rss: number;
  readonly pss: number;
  readonly anonymous: number;
}

export async function benchMemory(): Promise<string> {
  buildGenerator();
  const network = new Network(1);
  try {
    const pids = await start(network, network.host(0));
    await fill(network);
    return report(taken(pids.monitor), taken(pids.agent));
  } finally {
    await network.close();
  }
}

/** Both programs by their own first lines, as they are installed. */
async function start(network: Network, host: Host): Promise<{ monitor: number; agent: number }> {
  const socket = join(network.lab.folder, "memory.sock");
  const run = (name: string, ...options: readonly string[]) =>
    network.lab.spawn(host, [join(programs, name, "main.js"), ...options], { ready: /up|listen/ });
  const monitor = await run("monitor", "--socket", socket);
  const agent = await run("agent", "--address", host.address, "--port", `${port}`, "--monitor", socket);
  return { monitor: monitor.pid, agent: agent.pid };
}

async function fill(network: Network): Promise<void> {
  const [host, sender] = [network.host(0), network.host(1)];
  const sketch = { sketch_id: await network.count(host, { proto: "udp" }, { counter_key_type: fiveTuple }) };
  for (const counter_key_type of keyTypes) {
    await network.ask(host, { type: "config sketch counter", ...sketch, counter_key_type });
  }
  const mac = await network.lab.must(host, "cat", "/sys/class/net/eth0/address");
  const flows = ["churn", "600000", "200000"];
  await network.lab.must(sender, generator, "leaving", "eth0", ...flows, mac.trim());
  for (let asked = 0; asked < queries; asked += 1) {
    const counter_key_type = [...keyTypes, fiveTuple][asked % 8];
    await network.ask(host, { type: "query heavy hitters", ...sketch, counter_key_type, threshold: 0.0001 });
  }
}

function taken(pid: number): Taken {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const of = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)?.[1]);
  return { rss: of("Rss"), pss: of("Pss"), anonymous: of("Pss_Anon") };
}

function report(monitor: Taken, agent: Taken): string {
  const mb = (kib: number) => ((kib * 1024) / 1e6).toFixed(1);
  const row = (name: string, { rss, pss, anonymous }: Taken) => [name, mb(rss), mb(pss), mb(anonymous)];
  const files = (one: Taken, less = 0) => one.rss - one.anonymous - less;
  // Node's own pages are there once for both, whatever else runs.
  const shared = Math.max(files(monitor, ringKiB), files(agent));
  const alone = monitor.anonymous + agent.anonymous + ringKiB + shared;
  const verdict = (kib: number) => (Number(mb(kib)) <= goalMB ? "met" : "NOT MET");
  const rows = [row("monitor", monitor), row("agent", agent)];
  const pss = monitor.pss + agent.pss;
  return `Eight counters full, MB (10^6 bytes)
${table(["", "RSS", "PSS", "anonymous"], rows)}  PSS of both: ${mb(pss)}, goal ${goalMB}: ${verdict(pss)} (other programs of Node lower it)
  as if no other Node ran: ${mb(alone)}: ${verdict(alone)}
`;
}
