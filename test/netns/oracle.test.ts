// The same packets counted by somebody else: tcpdump's file replayed, libpcap through npm, and the kernel's counters.

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CounterSpec, ledgerEntries, openTap } from "../../native/index.js";
import type { Host, Running } from "../lab.js";
import { Network } from "../lab-network.js";

const seconds = process.env.TALLYTREE_LONG === "1" ? "20" : "2";
let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  await network.start(own);
  await network.start(peer);
});
afterAll(() => network?.close());

const query = (host: Host, sketch_id: number, counter_key_type: string, counter_key: string) =>
  network.ask(host, { type: "query sketch", sketch_id, counter_key_type, counter_key });

/** Every way of the day in one: pings, two ports, both IP versions. */
async function mixedTraffic(): Promise<void> {
  await network.ping(peer, own.address, 40);
  await network.udp(peer, { to: own.address, sport: 5000, dport: 53, count: 30, size: 60 });
  await network.udp(peer, { to: own.address6, sport: 5001, dport: 54, count: 25, size: 900 });
  await network.udp(peer, { to: own.address, sport: 5002, dport: 55, count: 5, size: 4000 });
}

async function replay(path: string, spec: CounterSpec): Promise<Record<string, bigint>> {
  const secret = Buffer.alloc(16, 7);
  const tap = openTap({ kind: "file", path });
  await tap.addSketch("s", secret, { direction: "input", proto: 17 });
  await tap.addCounter("s", spec);
  tap.start();
  await tap.finished;
  const { keys, lower } = ledgerEntries((await tap.ledger("s", spec.keyType, "all")).value, secret);
  await tap.stop();
  return Object.fromEntries(keys.map((key, i) => [key, lower[i] ?? 0n]));
}

it("gives for tcpdump's file what it counted live", async () => {
  const file = join(network.lab.folder, "live.pcap");
  const argv = ["tcpdump", "-i", "eth0", "-Q", "in", "--immediate-mode", "-U", "-Z", "root", "-w", file];
  const tcpdump = await network.lab.spawn(own, argv, { ready: /listening on/ });
  const counters = [
    { keyType: "src_sport_dport", increment: "pkt", capacity: 4096 },
    { keyType: "src/64_proto", increment: "bytes", capacity: 4096 },
  ] as const;
  const id = await network.count(own, { proto: "udp" }, { counter_key_type: "src_sport_dport" });
  await network.ask(own, {
    ...{ type: "config sketch counter", sketch_id: id },
    ...{ counter_key_type: "src/64_proto", increment: "bytes" },
  });
  await mixedTraffic();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await tcpdump.stop("SIGINT");
  for (const spec of counters) {
    const asked = {
      type: "query heavy hitters",
      sketch_id: id,
      counter_key_type: spec.keyType,
      threshold: 0,
    };
    const live = (await network.ask(own, asked)) as Record<string, number>;
    const replayed = await replay(file, spec);
    expect(Object.keys(live).length).toBeGreaterThan(1);
    expect(replayed).toEqual(Object.fromEntries(Object.entries(live).map(([key, n]) => [key, BigInt(n)])));
  }
});

it("agrees with libpcap through the npm binding", async () => {
  const id = await network.count(own, { proto: "icmp" }, { counter_key_type: "proto", increment: "bytes" });
  await network.ask(own, { type: "config sketch counter", sketch_id: id, counter_key_type: "src" });
  const script = join(import.meta.dirname, "..", "..", "dist", "test", "netns", "cap-count.js");
  let child: ChildProcess | undefined;
  const counting = await network.lab.spawn(
    own,
    [process.execPath, script, "eth0", `icmp and src ${peer.address}`],
    {
      ready: /ready/,
      onStart: (process) => {
        child = process;
      },
    },
  );
  await mixedTraffic();
  child?.stdin?.end();
  expect(await counting.ended).toBe(0);
  const [, line = ""] = counting.stdout().split("\n");
  const { packets, bytes } = JSON.parse(line) as { packets: number; bytes: number };
  // 40 pings, and what they met on the way: both must have seen the same.
  expect(packets).toBeGreaterThanOrEqual(40);
  expect(await query(own, id, "src", peer.address)).toBe(packets);
  expect(await query(own, id, "proto", "1")).toBe(bytes);
});

/** The queueing discipline counts what leaves as packets of the wire, also when the stack hands over super-packets. */
async function wireCounters(host: Host): Promise<{ readonly packets: number; readonly bytes: number }> {
  const [qdisc] = JSON.parse(await network.lab.must(host, "tc", "-s", "-j", "qdisc", "show", "dev", "eth0"));
  return qdisc as { packets: number; bytes: number };
}

it("counts super-packets as the packets that the wire carries", async () => {
  await network.lab.must(own, "tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "10000");
  const features = await network.lab.must(own, "ethtool", "-k", "eth0");
  expect(features).toMatch(/tcp-segmentation-offload: on/);
  const sent = await network.count(
    own,
    { interface: "OUTPUT", proto: "tcp", dport: 5201 },
    { counter_key_type: "dst" },
  );
  const got = await network.count(
    peer,
    { interface: "INPUT", proto: "tcp", dport: 5201 },
    { counter_key_type: "dst" },
  );
  for (const [host, id] of [[own, sent] as const, [peer, got] as const]) {
    const bytes = { counter_key_type: "dport", increment: "bytes" };
    await network.ask(host, { type: "config sketch counter", sketch_id: id, ...bytes });
  }
  const server: Running = await network.lab.spawn(peer, ["iperf3", "-s", "-1", "--forceflush"], {
    ready: /listening/,
  });
  const before = await wireCounters(own);
  await network.lab.must(own, "iperf3", "-c", peer.address, "-t", seconds, "-b", "2G");
  await server.ended;
  const after = await wireCounters(own);
  const packets = after.packets - before.packets;
  const ipBytes = after.bytes - before.bytes - packets * 14;
  expect(ipBytes).toBeGreaterThan(10_000_000);
  const off = (count: unknown, truth: number) => Math.abs((count as number) - truth) / truth;
  expect(off(await query(own, sent, "dst", peer.address), packets)).toBeLessThan(0.01);
  expect(off(await query(own, sent, "dport", "5201"), ipBytes)).toBeLessThan(0.01);
  expect(off(await query(peer, got, "dst", peer.address), packets)).toBeLessThan(0.01);
  expect(off(await query(peer, got, "dport", "5201"), ipBytes)).toBeLessThan(0.01);
});
