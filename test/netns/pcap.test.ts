// What the pcap tap has that others have not: filters of libpcap's language, one device, and devices that go and come.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, until } from "../lab.js";
import { Network, program } from "../lab-network.js";
import { superPackets } from "./super-packets.js";

let network: Network;
let own: Host;
let peer: Host;

beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => network?.close());

async function start(...options: readonly string[]): Promise<void> {
  await network.startMonitor(own, ["--tap", "pcap", ...options]);
  await network.startAgent(own);
}

interface Detail {
  readonly value: number;
  readonly loss: { readonly complete: boolean; readonly seen: number; readonly lost: Record<string, number> };
}

const count = async (sketch_id: number, counter_key = "total") =>
  (await network.ask(own, {
    ...{ type: "query sketch", sketch_id, counter_key_type: "src", counter_key, detail: true },
  })) as Detail;

describe("with a filter", () => {
  it("sees what matches in both directions and nothing else", async () => {
    await start("--filter", "udp port 7001 or (icmp[icmptype] = icmp-echo and dst net 10.99.0.0/31)");
    const input = await network.count(own, { interface: "INPUT" });
    const output = await network.count(own, { interface: "OUTPUT" });
    await network.udp(peer, { to: own.address, dport: 7001, count: 20 });
    await network.udp(peer, { to: own.address, dport: 7002, count: 30 });
    await network.udp(own, { to: peer.address, dport: 7001, count: 10 });
    await network.ping(peer, own.address, 5);
    const { value, loss } = await count(input);
    expect([value, loss.complete, loss.lost]).toEqual([20 + 5, true, { pcap: 0, device: 0 }]);
    expect((await count(output)).value).toBe(10);
    expect(loss.seen).toBe(20 + 5 + 10);
  });

  it("that lets nothing through counts nothing, and lost nothing", async () => {
    await start("--filter", "ether host 00:00:5e:00:53:01");
    const id = await network.count(own, {});
    await network.ping(peer, own.address, 20);
    expect(await count(id)).toMatchObject({ value: 0, loss: { complete: true, seen: 0 } });
  });

  it("reads VLAN tags, which the kernel keeps beside the packet", async () => {
    await start("--filter", "vlan 7 and icmp");
    const id = await network.count(own, {}, { counter_key_type: "vlan" });
    const { address } = JSON.parse(await network.lab.must(own, "ip", "-j", "link", "show", "eth0"))[0];
    await network.lab.must(peer, "python3", "-c", tagged, address, "7", "12");
    await network.lab.must(peer, "python3", "-c", tagged, address, "8", "5");
    await network.ping(peer, own.address, 3);
    const asked = { type: "query top", sketch_id: id, counter_key_type: "vlan" };
    expect(await network.ask(own, asked)).toEqual({ "7": 12 });
  });
});

/** Sends pings with an 802.1Q tag: MAC, id and how many. */
const tagged = `
import socket, struct, sys
mac, tag, count = bytes.fromhex(sys.argv[1].replace(":", "")), int(sys.argv[2]), int(sys.argv[3])
ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 1, 0, bytes([10, 99, 0, 2]), bytes([10, 99, 0, 1]))
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
for _ in range(count):
    out.send(mac + bytes([2, 0, 0, 0, 0, 9]) + struct.pack(">HHH", 0x8100, tag, 0x0800) + ip + bytes([8, 0, 0, 0, 0, 1, 0, 1]) + bytes(32))
`;

it("says how many packets it lost while it could not read, to the packet", async () => {
  const monitor = await network.startMonitor(own, [
    "--tap",
    "pcap",
    "--ring",
    "1",
    "--filter",
    "udp dst port 9",
  ]);
  await network.startAgent(own);
  const id = await network.count(own, { proto: "udp" });
  const sent = process.env.TALLYTREE_LONG === "1" ? 1_000_000 : 60_000;
  process.kill(monitor.pid, "SIGSTOP");
  await network.flood(peer, { to: own.address, dport: 9, count: sent });
  process.kill(monitor.pid, "SIGCONT");
  await network.flood(peer, { to: own.address, dport: 9, count: 100 });
  const { value, loss } = await count(id);
  expect(loss.lost.pcap).toBeGreaterThan(1000);
  expect([loss.seen, value + (loss.lost.pcap ?? 0), loss.complete]).toEqual([sent + 100, sent + 100, false]);
});

it("reads one device of several when it is told to", async () => {
  await start("--device", "lo", "--filter", "icmp");
  const id = await network.count(own, { device: "lo" });
  await network.ping(peer, own.address, 10);
  await network.ping(own, "127.0.0.1", 4);
  expect(await count(id)).toMatchObject({ value: 8, loss: { seen: 16 } });
});

it("counts super-packets as those of the wire, by the device's MTU", async () => {
  await start();
  const sent = await network.count(own, { interface: "OUTPUT", proto: "tcp", dport: 5201 });
  const packets = await superPackets(network, own, peer);
  const { value, loss } = await count(sent);
  expect(loss.complete).toBe(true);
  expect(Math.abs(value - packets) / packets).toBeLessThan(0.01);
});

describe("when its device", () => {
  const link = (...words: readonly string[]) => network.lab.must(own, "ip", "link", ...words);

  /** A second cable to the peer. */
  async function plug(): Promise<void> {
    await link("add", "usb0", "type", "veth", "peer", "name", "usb0", "netns", peer.namespace);
    for (const [host, last] of [[own, 1] as const, [peer, 2] as const]) {
      await network.lab.must(host, "ip", "addr", "add", `10.98.0.${last}/24`, "dev", "usb0");
      await network.lab.must(host, "ip", "link", "set", "usb0", "up");
    }
  }

  /** Until the tap has found the device again, pings are not counted. */
  async function countsAgain(id: number, address = own.address): Promise<void> {
    const before = (await count(id)).value;
    await until("the device to be read again", async () => {
      await network.lab.run(peer, "ping", "-q", "-c", "1", "-W", "1", address);
      return (await count(id)).value > before ? true : undefined;
    });
    const { value, loss } = await count(id);
    await network.ping(peer, address, 25);
    const after = await count(id);
    expect([after.value - value, after.loss.complete]).toEqual([25, loss.complete]);
  }

  it("goes down and up again, it goes on", async () => {
    await start();
    const id = await network.count(own, { proto: "icmp" });
    await network.ping(peer, own.address, 10);
    expect((await count(id)).value).toBe(10);
    await link("set", "eth0", "down");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await link("set", "eth0", "up");
    await countsAgain(id);
  });

  it("goes away and comes back under its name, it goes on", async () => {
    await plug();
    await start("--device", "usb0");
    const id = await network.count(own, { proto: "icmp" });
    await network.ping(peer, "10.98.0.1", 10);
    expect((await count(id)).value).toBe(10);
    await link("delete", "usb0");
    await network.ping(peer, own.address, 5);
    expect((await count(id)).value).toBe(10);
    await plug();
    await countsAgain(id, "10.98.0.1");
  });

  it("comes later than the tap, it is read all the same", async () => {
    await start();
    const id = await network.count(own, { proto: "icmp", src: "10.98.0.2" });
    await plug();
    await countsAgain(id, "10.98.0.1");
    await link("delete", "usb0");
    await network.ping(peer, own.address, 5);
    expect((await network.get(own, "/healthz")).value).toEqual({ ok: true, monitor: true });
  });
});

describe("does not start", () => {
  const refused = async (...options: readonly string[]) => {
    const socket = `${network.lab.folder}/refused.sock`;
    const { status, stderr } = await network.lab.run(
      own,
      ...program("monitor"),
      "--socket",
      socket,
      ...options,
    );
    expect(status).toBe(1);
    return stderr;
  };

  it("with a filter that is none, in libpcap's own words", async () => {
    const said = await refused("--tap", "pcap", "--filter", "tcp prot 80");
    expect(said).toBe(
      'tallytree-monitor: --filter "tcp prot 80": can\'t parse filter expression: syntax error\n',
    );
    expect(await refused("--tap", "pcap", "--filter", "net 10.0.0.0/40")).toMatch(
      /--filter "net.*mask length/,
    );
  });

  it("with a device that is not there, or for a tap that has no such choice", async () => {
    expect(await refused("--tap", "pcap", "--device", "eth7")).toMatch(
      /--device eth7: this host has no such/,
    );
    expect(await refused("--filter", "tcp")).toMatch(
      /--filter is for --tap pcap and cap: the packet tap reads everything/,
    );
  });
});
