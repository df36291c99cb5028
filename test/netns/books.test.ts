// Books that balance to the packet: every datagram sent is counted, filtered or lost by cause, at each rate, by each
// tap, also when many times as many come as the tap can take.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MonitorClient } from "../../monitor/client.js";
import type { TapStats } from "../../native/index.js";
import type { Host, Running } from "../lab.js";
import { asService, Network } from "../lab-network.js";
import { buildStream, receive, send, streamPort } from "../lab-stream.js";

const long = process.env.TALLYTREE_LONG === "1";
const minute = 60_000;
/** Ten million packets in sum, or as many as half a second gives. */
const lots: readonly (readonly [rate: number, count: number])[] = [
  [10_000, long ? 200_000 : 5000],
  [40_000, long ? 800_000 : 20_000],
  [80_000, long ? 1_600_000 : 40_000],
  [120_000, long ? 2_400_000 : 60_000],
];
/** Long enough for a ring or buffer to fill, also when the sender is slow. */
const copyPauses = { stopped: 3000, running: long ? 10 : 60 };
/** A queue is full for most of the time; none of its readers may seem to hang, whoever else is busy here. */
const inlinePauses = long ? { stopped: 470, running: 6 } : { stopped: 400, running: 40 };
const crewPauses = { stopped: long ? 225 : 150, running: long ? 40 : 60 };
const leastOverload = long ? 10 : 2;
const overload: readonly [rate: number, count: number] = [250_000, long ? 5_000_000 : 400_000];

const uuid = "stream";
const ms = 5000;

const taps = [
  { name: "packet", tap: "packet", cores: 1 },
  { name: "packet, on two cores,", tap: "packet", cores: 2 },
  { name: "pcap", tap: "pcap", cores: 1 },
  { name: "nflog", tap: "nflog", cores: 1 },
  { name: "nfqueue", tap: "nfqueue", cores: 1 },
  { name: "nfqueue, on two cores,", tap: "nfqueue", cores: 2 },
] as const;

interface Books {
  /** Packets that the sketch of the stream counted. */
  readonly counted: number;
  readonly stats: TapStats;
}

const total = (sums: TapStats["lost"]) => Object.values(sums).reduce((sum, n) => sum + n, 0);
const isBalanced = ({ seen, read, lost, unparsed, ignored }: TapStats) =>
  seen === read + total(lost) + total(unparsed) + total(ignored);

describe.each(taps)("the $name tap", ({ tap, cores }) => {
  let network: Network;
  let own: Host;
  let peer: Host;
  let monitor: Running;
  let client: MonitorClient;
  const pauses = tap !== "nfqueue" ? copyPauses : cores === 1 ? inlinePauses : crewPauses;

  beforeAll(async () => {
    buildStream();
    network = new Network(2);
    [own, peer] = [network.host(0), network.host(1)];
    // Nothing but the stream is on this wire.
    const bridge = { ...own, namespace: own.namespace.replace(/h1$/, "switch") };
    for (const host of [...network.lab.hosts, bridge])
      await network.lab.must(host, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
    await fixNeighbours();
    monitor = await network.startMonitor(own, ["--tap", tap, "--cores", `${cores}`], asService);
    client = new MonitorClient(join(network.lab.folder, `${own.name}.sock`));
    const filter = { interface: "INPUT", proto: "udp", dport: Number(streamPort) } as const;
    await client.addSketch({ uuid, secret: "00".repeat(16), filter, meta: {} }, ms);
  });
  afterAll(() => {
    client?.close();
    return network?.close();
  });

  /** Nobody asks for an address in the middle of a count. */
  async function fixNeighbours(): Promise<void> {
    for (const [at, to] of [
      [own, peer],
      [peer, own],
    ] as const) {
      const address = await network.lab.must(to, "cat", "/sys/class/net/eth0/address");
      const entry = [to.address, "lladdr", address.trim(), "dev", "eth0", "nud", "permanent"];
      await network.lab.must(at, "ip", "neigh", "replace", ...entry);
    }
  }

  /** Asked at the monitor's own socket: no packet of ours is on the wire. */
  async function books(): Promise<Books> {
    const { packets } = await client.totals(uuid, ms);
    const { stats } = await client.stats(ms);
    if (stats === undefined) throw new Error("the tap has failed");
    return { counted: Number(packets), stats };
  }

  /** What the tap was offered, by the kernel's own counters of the device or of the rules. */
  async function offered(): Promise<number> {
    if (tap === "packet" || tap === "pcap") {
      const device = await network.lab.must(own, "ip", "-s", "-j", "link", "show", "eth0");
      const [{ stats64 }] = JSON.parse(device) as [{ stats64: Record<"rx" | "tx", { packets: number }> }];
      return stats64.rx.packets + stats64.tx.packets;
    }
    const saved = await network.lab.must(own, "iptables-save", "-c");
    const counts = [...saved.matchAll(/^\[(\d+):\d+\] -A .*-j (?:NFQUEUE|NFLOG)/gm)];
    return counts.reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  /** Sends a lot while `meanwhile` runs; all of it must arrive: no tap may drop a packet of the host. */
  async function stream(
    [rate, count]: readonly [number, number],
    meanwhile: (ended: Promise<unknown>) => Promise<void> = async () => undefined,
  ) {
    const arrived = await receive(network.lab, own);
    const sending = await send(network.lab, peer, own, rate, count);
    let over = false;
    void sending.ended.then(() => {
      over = true;
    });
    while (!over) await Promise.all([sleep(5), meanwhile(sending.ended)]);
    await sleep(300);
    expect((await arrived()).received).toBe(count);
  }

  it.each(lots)(
    "at %i packets a second: %i offered, all of them counted or lost by cause",
    {
      timeout: 2 * minute,
    },
    async (rate, count) => {
      const [before, offeredBefore] = [await books(), await offered()];
      await stream([rate, count]);
      await balances(before, offeredBefore, count);
    },
  );

  it(`at an overload: ${overload[1]} offered, all of them counted or lost by cause`, {
    timeout: 5 * minute,
  }, async () => {
    const [before, offeredBefore] = [await books(), await offered()];
    await stream(overload, async (ended) => {
      process.kill(monitor.pid, "SIGSTOP");
      await Promise.race([sleep(pauses.stopped), ended]);
      process.kill(monitor.pid, "SIGCONT");
      await sleep(pauses.running);
    });
    const { counted, stats } = await balances(before, offeredBefore, overload[1]);
    expect(total(stats.lost)).toBeGreaterThan(0);
    if (tap !== "nfqueue" || cores > 1) return;
    expect(overload[1] / (counted - before.counted)).toBeGreaterThan(leastOverload);
  });

  /** Difference 0; what passed uncounted is told exactly some moments after the last packet. */
  async function balances(before: Books, offeredBefore: number, count: number): Promise<Books> {
    const placed = ({ counted, stats }: Books) =>
      counted - before.counted + total(stats.lost) - total(before.stats.lost);
    let after = await books();
    for (let i = 0; i < 100 && placed(after) !== count; i++) {
      await sleep(100);
      after = await books();
    }
    expect([placed(after), after.stats.lost, after.stats.gaps]).toEqual([count, after.stats.lost, []]);
    expect(after.stats.seen - before.stats.seen).toBe((await offered()) - offeredBefore);
    expect(isBalanced(after.stats)).toBe(true);
    return after;
  }
});
