// One transfer with the kernel's offloads off and on: every tap says what the wire carried. The truth is netfilter's
// counter where there are no super-packets, and the sender's queueing discipline, which counts segments, where there are.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Host, until } from "../lab.js";
import { Network } from "../lab-network.js";

const mebibytes = process.env.TALLYTREE_LONG === "1" ? "1000M" : "50M";
const usual = ["-n", mebibytes, "-b", "1G"];
const slow = ["-n", "10M", "-b", "100M"];
const ethernetHeader = 14;

interface Counts {
  readonly packets: number;
  readonly bytes: number;
}

describe.each(["packet", "pcap", "nflog", "nfqueue"] as const)("the %s tap", (tap) => {
  let network: Network;
  let own: Host;
  let peer: Host;

  beforeAll(async () => {
    network = new Network(2);
    [own, peer] = [network.host(0), network.host(1)];
    // Nobody asks for an address in the middle of a transfer.
    for (const [at, to] of [
      [own, peer],
      [peer, own],
    ] as const) {
      await network.lab.must(at, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
      const address = (await network.lab.must(to, "cat", "/sys/class/net/eth0/address")).trim();
      const entry = [to.address, "lladdr", address, "dev", "eth0", "nud", "permanent"];
      await network.lab.must(at, "ip", "neigh", "replace", ...entry);
    }
    await network.start(own, { tap });
    await network.lab.must(peer, "tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "10000");
  });
  afterAll(() => network?.close());

  const offloads = (host: Host, state: "on" | "off") =>
    network.lab.must(host, "ethtool", "-K", "eth0", "tso", state, "gso", state, "gro", state);
  const wire = async (): Promise<Counts> => {
    const [qdisc] = JSON.parse(
      await network.lab.must(peer, "tc", "-s", "-j", "qdisc", "show", "dev", "eth0"),
    );
    return { packets: qdisc.packets, bytes: qdisc.bytes - qdisc.packets * ethernetHeader };
  };
  /** Once nothing is on its way any more: the last segment may be late. */
  const settledWire = async (): Promise<Counts> => {
    let last = await wire();
    return until("a quiet wire", async () => {
      await sleep(200);
      const before = last;
      last = await wire();
      return last.packets === before.packets ? last : undefined;
    });
  };
  const rule = () => ["INPUT", "-p", "tcp", "-s", peer.address, "--dport", "5201"];

  /** The longest segment that this host announces; 0: what its MTU allows. */
  const announce = (mss: number) => {
    const route = ["10.99.0.0/24", "dev", "eth0", "proto", "kernel", "scope", "link", "src", own.address];
    return network.lab.must(own, "ip", "route", "replace", ...route, "advmss", `${mss}`);
  };
  const estimated = async () => (await network.loss(own)).estimated;

  /** What a transfer from the peer counts to: by a sketch, by netfilter and by the sender's device. */
  async function transfer(
    options: readonly string[],
  ): Promise<Readonly<Record<"tap" | "netfilter" | "wire", Counts>>> {
    const filter = { interface: "INPUT", proto: "tcp", src: peer.address, dport: 5201 };
    const id = await network.count(own, filter, { counter_key_type: "proto" });
    const bytes = { counter_key_type: "dport", increment: "bytes" };
    await network.ask(own, { type: "config sketch counter", sketch_id: id, ...bytes });
    await network.lab.must(own, "iptables", "-I", ...rule());
    const argv = ["iperf3", "-s", "-1", "--forceflush"];
    const server = await network.lab.spawn(own, argv, { ready: /listening/ });
    const before = await wire();
    await network.lab.must(peer, "iperf3", "-c", own.address, ...options);
    await server.ended;
    const after = await settledWire();
    const sent = { packets: after.packets - before.packets, bytes: after.bytes - before.bytes };
    const total = (counter_key_type: string) =>
      network.ask(own, { type: "query sketch", sketch_id: id, counter_key_type, counter_key: "total" });
    const counted = { packets: Number(await total("proto")), bytes: Number(await total("dport")) };
    const listed = await network.lab.must(own, "iptables", "-nvxL", "INPUT", "1");
    const [packets, ipBytes] = listed.trim().split(/\s+/).map(Number);
    await network.lab.must(own, "iptables", "-D", ...rule());
    await network.ask(own, { type: "delete sketch", sketch_id: id });
    return { tap: counted, netfilter: { packets: packets ?? 0, bytes: ipBytes ?? 0 }, wire: sent };
  }

  it.each([
    ["as long as the MTU allows", 0, usual],
    ["of 536 bytes, as the receiver wants it", 536, slow],
    ["of 536 bytes, as the sender does it", 0, [...slow, "-M", "536"]],
  ] as const)("counts wire packets and their bytes, with segments %s", async (_, mss, options) => {
    await announce(mss);
    for (const host of [own, peer]) await offloads(host, "off");
    const off = await transfer(options);
    expect(off.tap).toEqual(off.netfilter);
    for (const host of [own, peer]) await offloads(host, "on");
    const guessed = await estimated();
    const on = await transfer(options);
    expect(on.netfilter.packets).toBeLessThan(on.tap.packets / 2); // there were super-packets
    // Until the first that is a multiple of a segment size has come.
    expect((await estimated()) - guessed).toBeLessThan(on.netfilter.packets / 20);
    for (const { tap: counted, wire: carried } of [off, on]) {
      expect(Math.abs(counted.packets - carried.packets) / carried.packets).toBeLessThan(0.001);
      expect(counted.bytes).toBe(carried.bytes);
    }
  });
});
