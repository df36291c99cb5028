// Each tap on real packets: exact counts in both directions, filters, overlapping sketches, a firewall that drops.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network, patient, type Station } from "../lab-network.js";

const pings = process.env.TALLYTREE_LONG === "1" ? 3000 : 37;

const taps = [
  { name: "packet", tap: "packet", cores: 1 },
  { name: "packet, on two cores,", tap: "packet", cores: 2 },
  { name: "nfqueue", tap: "nfqueue", cores: 1 },
  { name: "nfqueue, on two cores,", tap: "nfqueue", cores: 2 },
  { name: "nflog", tap: "nflog", cores: 1 },
  { name: "pcap", tap: "pcap", cores: 1 },
] as const;

describe.each(taps)("the $name tap", ({ tap, cores }) => {
  let network: Network;
  let station: Station;
  let own: Host;
  let peer: Host;

  beforeAll(async () => {
    network = new Network(2);
    [own, peer] = [network.host(0), network.host(1)];
    station = await network.start(own, { tap, cores });
  });
  afterAll(() => network?.close());

  const query = (sketch_id: number, counter_key_type: string, counter_key: string) =>
    network.ask(own, { type: "query sketch", sketch_id, counter_key_type, counter_key, ...patient });

  it("counts exactly the pings that came and went, with their bytes", async () => {
    const input = await network.count(own, { interface: "INPUT", proto: "icmp" });
    await network.ask(own, {
      type: "config sketch counter",
      ...{ sketch_id: input, counter_key_type: "src_dst", increment: "bytes" },
    });
    const output = await network.count(
      own,
      { interface: "OUTPUT", proto: "icmp" },
      { counter_key_type: "dst" },
    );
    await network.ping(peer, own.address, pings);
    expect(await query(input, "src", peer.address)).toBe(pings);
    expect(await query(output, "dst", peer.address)).toBe(pings);
    await network.ping(own, peer.address, 5);
    expect(await query(input, "src", peer.address)).toBe(pings + 5);
    expect(await query(output, "dst", peer.address)).toBe(pings + 5);
    expect(await query(input, "src_dst", `${peer.address},${own.address}`)).toBe((pings + 5) * 84);
    expect(await query(input, "src", "10.99.0.77")).toBe(0);
    expect(await query(input, "src", "key_num")).toBe(1);
  });

  it("counts by ports, over IPv4 and IPv6", async () => {
    const filter = { interface: "INPUT", proto: "udp" };
    const id = await network.count(own, filter, { counter_key_type: "src_sport_dport", increment: "bytes" });
    await network.udp(peer, { to: own.address, sport: 4001, dport: 7001, count: 20, size: 100 });
    await network.udp(peer, { to: own.address6, sport: 4002, dport: 7001, count: 10, size: 100 });
    expect(await query(id, "src_sport_dport", `${peer.address},4001,7001`)).toBe(20 * 128);
    expect(await query(id, "src_sport_dport", `${peer.address6},4002,7001`)).toBe(10 * 148);
    expect(await query(id, "src_sport_dport", "key_num")).toBe(2);
  });

  it.each([
    ["proto", { proto: "udp" }, 30],
    ["proto as a number", { proto: 17 }, 30],
    ["a source prefix", { src: "10.99.0.0/24", proto: "udp" }, 30],
    ["another source prefix", { src: "10.99.1.0/24" }, 0],
    ["source and destination", { src: "10.99.0.2", dst: "10.99.0.1", proto: "udp" }, 30],
    ["destination port", { dport: 7010 }, 20],
    ["source port", { sport: 4010 }, 10],
    ["both ports", { sport: 4010, dport: 7011, proto: "udp" }, 10],
    ["the device it came by", { device: "eth0", proto: "udp" }, 30],
    ["another device", { device: "lo" }, 0],
    ["another protocol", { proto: 99 }, 0],
  ])("filters by %s", async (_, filter, expected) => {
    const id = await network.count(own, { interface: "INPUT", ...filter }, { counter_key_type: "src" });
    await network.udp(peer, { to: own.address, dport: 7010, count: 20 });
    await network.udp(peer, { to: own.address, dport: 7011, sport: 4010, count: 10 });
    expect(await query(id, "src", peer.address)).toBe(expected);
    await network.ask(own, { type: "delete sketch", sketch_id: id });
  });

  it("lets two overlapping sketches both count every packet", async () => {
    const narrow = await network.count(own, { proto: "icmp", src: peer.address });
    const wide = await network.count(own, { src: "10.99.0.2/31" }, { counter_key_type: "proto" });
    await network.ping(peer, own.address, 25);
    expect(await query(narrow, "src", peer.address)).toBe(25);
    expect(await query(wide, "proto", "1")).toBe(25);
  });

  it("leaves a firewall that drops as it is, and counts what it drops", async () => {
    const id = await network.count(own, { proto: "icmp" });
    const rule = ["INPUT", "-p", "icmp", "-j", "DROP"];
    await network.lab.must(own, "iptables", "-A", ...rule);
    const ping = await network.lab.run(peer, "ping", "-q", "-c", "10", "-i", "0.01", "-W", "1", own.address);
    await network.lab.must(own, "iptables", "-D", ...rule);
    expect(ping.status).toBe(1);
    expect(ping.stdout).toContain("10 packets transmitted, 0 received");
    expect(await query(id, "src", peer.address)).toBe(10);
  });

  it("counts one exact rule as the first version of the system did", async () => {
    const rule = { proto: "icmp", src: peer.address, interface: "INPUT" };
    await network.ask(own, { type: "config counter", ...rule });
    await network.ping(peer, own.address, 5);
    expect(await network.ask(own, { type: "query counter", ...rule })).toEqual([5, 420]);
  });

  it("refuses to change a verdict", async () => {
    const message = { type: "config counter", proto: "icmp", target: "DROP" };
    const { status, value } = await network.post(own, JSON.stringify(message), "application/json");
    expect([status, value]).toMatchObject([403, { error: { code: "refused", field: "target" } }]);
    await network.ping(peer, own.address, 3);
  });

  it("keeps its books: nothing lost, and every packet somewhere", async () => {
    const id = await network.count(own, { proto: "icmp" });
    await network.ping(peer, own.address, 50);
    const detail = {
      type: "query sketch",
      sketch_id: id,
      counter_key_type: "src",
      counter_key: "total",
      detail: true,
    };
    const { value, exact, loss } = (await network.ask(own, detail)) as {
      value: number;
      exact: boolean;
      loss: Record<string, number> & Record<"lost" | "unparsed" | "ignored", Record<string, number>>;
    };
    const all = (causes: Record<string, number>) => Object.values(causes).reduce((sum, n) => sum + n, 0);
    expect([value, exact, loss.complete]).toEqual([50, true, true]);
    const placed =
      (loss.counted ?? 0) + (loss.filtered ?? 0) + all(loss.lost) + all(loss.unparsed) + all(loss.ignored);
    expect(placed).toBe(loss.seen);
  });

  it("is gone without a trace after SIGTERM", async () => {
    expect(await station.agent.stop()).toBe(0);
    expect(await station.monitor.stop()).toBe(0);
    const rules =
      (await network.lab.must(own, "iptables-save")) + (await network.lab.must(own, "ip6tables-save"));
    expect(rules).not.toMatch(/NFQUEUE|tally/i);
    const files = await network.lab.must(own, "ls", network.lab.folder);
    expect(files.trim()).toBe("");
    expect((await network.lab.must(peer, "ip", "netns", "pids", own.namespace)).trim()).toBe("");
    await network.ping(peer, own.address, 3);
  });
});

it("has what this host sends copied only while a sketch counts it", async () => {
  const network = new Network(2);
  try {
    const [own, peer] = [network.host(0), network.host(1)];
    await network.start(own, { tap: "packet" });
    const input = await network.count(own, { interface: "INPUT", proto: "icmp" });
    const seen = async () => {
      const query = { type: "query sketch", sketch_id: input, counter_key_type: "src", counter_key: "total" };
      return ((await network.ask(own, { ...query, detail: true })) as Seen).loss.seen;
    };
    const ofPings = async () => {
      const before = await seen();
      await network.ping(peer, own.address, 100);
      return (await seen()) - before;
    };
    // Some neighbour discovery besides.
    expect(await ofPings()).toBeLessThan(150);
    const output = await network.count(own, { interface: "OUTPUT", proto: "icmp" });
    expect(await ofPings()).toBeGreaterThanOrEqual(200);
    await network.ask(own, { type: "delete sketch", sketch_id: output });
    expect(await ofPings()).toBeLessThan(150);
  } finally {
    await network.close();
  }
});

interface Seen {
  readonly loss: { readonly seen: number };
}
