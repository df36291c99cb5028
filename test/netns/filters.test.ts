// What each tap that hands over frames or packets does with filters of libpcap's language and with tunnels.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

const taps = ["packet", "pcap", "nflog", "nfqueue"] as const;
const rounds = process.env.TALLYTREE_LONG === "1" ? 25 : 1;

let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  await overlay(own, peer, "10.50.0.1");
  await overlay(peer, own, "10.50.0.2");
});
afterAll(() => network?.close());

async function overlay(host: Host, remote: Host, address: string): Promise<void> {
  const line = `link add vx0 type vxlan id 77 dstport 4789 local ${host.address} remote ${remote.address} dev eth0`;
  await network.lab.must(host, "ip", ...line.split(" "));
  await network.lab.must(host, "ip", "address", "add", `${address}/24`, "dev", "vx0");
  await network.lab.must(host, "ip", "link", "set", "vx0", "addrgenmode", "none", "up");
}

const keyed = (sketch_id: number, counter_key_type: string) =>
  network.ask(own, { type: "query heavy hitters", sketch_id, counter_key_type, threshold: 0 });

async function refused(message: object): Promise<unknown> {
  const { status, value } = await network.post(own, JSON.stringify(message), "application/json");
  const { field, message: words } = (value as { error: { field: string; message: string } }).error;
  return { status, field, words };
}

describe.each(taps)("the %s tap", (tap) => {
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    const { monitor, agent } = await network.start(own, { tap });
    stop = async () => {
      await agent.stop();
      await monitor.stop();
    };
  });
  afterAll(() => stop());

  it("counts by sketch what an expression lets through", async () => {
    const filter = "udp port 7001 and src net 10.99.0.0/24";
    const some = await network.count(own, { filter }, { counter_key_type: "dport" });
    const others = await network.count(
      own,
      { filter: `udp and not port 4789 and not (${filter})` },
      { counter_key_type: "dport" },
    );
    const long = await network.count(own, { filter: "udp and greater 500", proto: "udp" });
    const deep = await network.count(own, { filter: "udp[400] != 255", proto: "udp" });
    const sent = await network.count(own, { interface: "OUTPUT", filter: "dst port 7001" });
    await network.udp(peer, { to: own.address, dport: 7001, count: 8 * rounds });
    await network.udp(peer, { to: own.address, dport: 7002, count: 5 * rounds });
    await network.udp(peer, { to: own.address, dport: 7003, count: 7, size: 900 });
    await network.udp(own, { to: peer.address, dport: 7001, count: 9 });
    expect(await keyed(some, "dport")).toEqual({ "7001": 8 * rounds });
    expect(await keyed(others, "dport")).toEqual({ "7002": 5 * rounds, "7003": 7 });
    expect(await keyed(long, "src")).toEqual({ [peer.address]: 7 });
    expect(await keyed(deep, "src")).toEqual({ [peer.address]: 7 });
    expect(await keyed(sent, "src")).toEqual({ [own.address]: 9 });
  });

  it("refuses an expression that is none, in libpcap's words, and one about a tunnel's content", async () => {
    const type = "config sketch";
    expect(await refused({ type, filter: "tcp prot 80" })).toEqual({
      ...{ status: 400, field: "filter" },
      words: expect.stringMatching(/"tcp prot 80".*syntax error/),
    });
    expect(await refused({ type, filter: "udp", inner: true })).toMatchObject({
      status: 400,
      field: "filter",
    });
    const ether = { type, filter: "ether host 00:00:5e:00:53:01" };
    if (tap === "nflog" || tap === "nfqueue") {
      // There is no Ethernet header where the firewall sees packets.
      expect(await refused(ether)).toMatchObject({ status: 400, field: "filter" });
    } else {
      expect(await network.ask(own, ether)).toBeTypeOf("number");
    }
  });

  it("opens tunnels", async () => {
    const key = { counter_key_type: "src_dst_vni", increment: "bytes" };
    const inside = await network.count(own, { inner: true, device: "eth0", proto: "icmp" }, key);
    const out = await network.count(
      own,
      { inner: true, device: "eth0", proto: "icmp", interface: "OUTPUT" },
      key,
    );
    const around = await network.count(own, { device: "eth0" }, { counter_key_type: "proto" });
    const all = await network.count(own, { proto: "icmp" });
    const pings = 20 * rounds;
    await network.ping(peer, "10.50.0.1", pings);
    expect(await keyed(inside, "src_dst_vni")).toEqual({ "10.50.0.2,10.50.0.1,77": 84 * pings });
    expect(await keyed(out, "src_dst_vni")).toEqual({ "10.50.0.1,10.50.0.2,77": 84 * pings });
    expect(await keyed(all, "src")).toEqual({ "10.50.0.2": pings });
    const counted = (await keyed(around, "proto")) as Record<string, number>;
    expect(counted["1"]).toBeUndefined();
    expect(counted["17"]).toBeGreaterThanOrEqual(pings);
  });
});
