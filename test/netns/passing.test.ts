// Packets of others on real devices: routed ones count once as FORWARD, mirrored ones once as MIRROR.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

const pings = process.env.TALLYTREE_LONG === "1" ? 1000 : 40;

describe("packets that are not this host's", () => {
  let network: Network;
  let own: Host;
  let left: Host;
  let right: Host;
  const ids = new Map<string, number>();

  beforeAll(async () => {
    network = new Network(3);
    [own, left, right] = [network.host(0), network.host(1), network.host(2)];
    // A switch that learns nothing sends every frame to everyone, as to a mirror port.
    network.lab.makeHub();
    await address(own, ["10.1.0.1/24", "10.2.0.1/24", "fd00:1::1/64", "fd00:2::1/64"]);
    await address(left, ["10.1.0.2/24", "fd00:1::2/64"]);
    await address(right, ["10.2.0.2/24", "fd00:2::2/64"]);
    for (const prefix of ["10.2.0.0/24 via 10.1.0.1", "fd00:2::/64 via fd00:1::1"]) await route(left, prefix);
    for (const prefix of ["10.1.0.0/24 via 10.2.0.1", "fd00:1::/64 via fd00:2::1"])
      await route(right, prefix);
    await forward(1);
    await network.start(own);
    for (const name of ["INPUT", "OUTPUT", "FORWARD", "MIRROR"]) {
      const mirror = name === "MIRROR" ? { device: "eth0", promiscuous: true } : {};
      const id = await network.count(
        own,
        { interface: name, ...mirror },
        { counter_key_type: "src_dst_proto" },
      );
      ids.set(name, id);
    }
  });
  afterAll(() => network?.close());

  const address = async (host: Host, addresses: readonly string[]) => {
    for (const one of addresses) {
      const nodad = one.includes(":") ? ["nodad"] : [];
      await network.lab.must(host, "ip", "address", "add", one, "dev", "eth0", ...nodad);
    }
  };
  const route = (host: Host, line: string) =>
    network.lab.must(host, "ip", "route", "add", ...line.split(" "));
  const forward = async (on: 0 | 1) => {
    const quiet = ["all", "eth0"].map((device) => `net.ipv4.conf.${device}.send_redirects=0`);
    const both = [`net.ipv4.ip_forward=${on}`, `net.ipv6.conf.all.forwarding=${on}`];
    await network.lab.must(own, "sysctl", "-q", "-w", ...quiet, ...both);
  };
  /** How often each interface counted packets of a protocol (pings) from one address to the other. */
  const counts = async (src: string, dst: string, proto = src.includes(":") ? 58 : 1) => {
    const found: Record<string, unknown> = {};
    for (const [name, sketch_id] of ids) {
      const counter_key = `${src},${dst},${proto}`;
      const query = { type: "query sketch", sketch_id, counter_key_type: "src_dst_proto", counter_key };
      found[name] = await network.ask(own, query);
    }
    return found;
  };

  it.each([
    ["IPv4", "10.1.0.2", "10.2.0.2"],
    ["IPv6", "fd00:1::2", "fd00:2::2"],
  ])("counts what it routes once as FORWARD (%s)", async (_, src, dst) => {
    await network.lab.must(left, "ping", "-q", "-c", `${pings}`, "-i", "0.01", "-W", "2", "-I", src, dst);
    const once = { INPUT: pings, OUTPUT: pings, FORWARD: pings, MIRROR: 0 };
    expect(await counts(src, dst)).toEqual(once);
    expect(await counts(dst, src)).toEqual(once);
  });

  it("counts nothing of its own as FORWARD or MIRROR", async () => {
    await network.ping(left, own.address, pings);
    expect(await counts(left.address, own.address)).toEqual({
      INPUT: pings,
      OUTPUT: 0,
      FORWARD: 0,
      MIRROR: 0,
    });
    expect(await counts(own.address, left.address)).toEqual({
      INPUT: 0,
      OUTPUT: pings,
      FORWARD: 0,
      MIRROR: 0,
    });
  });

  it.each([
    ["IPv4", (host: Host) => host.address],
    ["IPv6", (host: Host) => host.address6],
  ])("counts mirrored packets once as MIRROR (%s)", async (_, of) => {
    // No pings: with IPv6 hosts ask for each other by ICMPv6 as well.
    await network.udp(left, { to: of(right), dport: 7001, count: pings });
    const once = { INPUT: 0, OUTPUT: 0, FORWARD: 0, MIRROR: pings };
    expect(await counts(of(left), of(right), 17)).toEqual(once);
  });

  it("counts what comes to be routed as MIRROR as soon as it routes no more", async () => {
    await forward(0);
    await network.lab.run(
      left,
      "ping",
      "-q",
      "-c",
      "10",
      "-i",
      "0.01",
      "-W",
      "1",
      "-I",
      "10.1.0.2",
      "10.2.0.2",
    );
    await forward(1);
    expect(await counts("10.1.0.2", "10.2.0.2")).toMatchObject({ FORWARD: pings, MIRROR: 10 });
  });

  it("learns a new address while it runs", async () => {
    await network.lab.must(left, "ip", "route", "add", "10.3.0.9", "via", "10.1.0.1");
    const ping = () => network.lab.run(left, "ping", "-q", "-c", "5", "-i", "0.01", "-W", "1", "10.3.0.9");
    await ping();
    await address(own, ["10.3.0.9/32"]);
    await ping();
    expect(await counts("10.1.0.2", "10.3.0.9")).toMatchObject({ INPUT: 10, FORWARD: 5 });
  });

  it("keeps the device promiscuous as long as the sketch is there", async () => {
    const promiscuity = async () =>
      /promiscuity (\d+)/.exec(await network.lab.must(own, "ip", "-d", "link", "show", "eth0"))?.[1];
    expect(await promiscuity()).toBe("1");
    await network.ask(own, { type: "delete sketch", sketch_id: ids.get("MIRROR") });
    expect(await promiscuity()).toBe("0");
  });
});
