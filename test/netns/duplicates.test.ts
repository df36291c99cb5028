// Places where the kernel shows one packet twice: each is counted once, and a device that would count none is refused.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

const pings = 40;
let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  const lines = [
    "link add br1 type bridge mcast_snooping 0",
    "link set br1 up",
    "link set eth0 master br1",
    `address del ${own.address}/24 dev eth0`,
    `address add ${own.address}/24 dev br1`,
    "link add end0 type veth peer name end1",
    "link set end0 up",
    "link set end1 up",
  ];
  for (const line of lines) await network.lab.must(own, "ip", ...line.split(" "));
  await network.start(own);
});
afterAll(() => network?.close());

const total = (sketch_id: number) =>
  network.ask(own, { type: "query sketch", sketch_id, counter_key_type: "src", counter_key: "total" });

it("counts a packet through a bridge and its port once", async () => {
  const all = await network.count(own, { proto: "icmp" });
  const bridge = await network.count(own, { proto: "icmp", device: "br1" });
  const sent = await network.count(own, { interface: "OUTPUT", proto: "icmp" });
  await network.ping(peer, own.address, pings);
  expect(await Promise.all([all, bridge, sent].map(total))).toEqual([pings, pings, pings]);
});

it.each([
  ["eth0", /port of br1.*name br1/],
  ["any", /leave device out/],
])("refuses the device %s", async (device, advice) => {
  const body = JSON.stringify({ type: "config sketch", device });
  const { status, value } = await network.post(own, body, "application/json");
  expect([status, value]).toMatchObject([400, { error: { field: "device" } }]);
  expect(JSON.stringify(value)).toMatch(advice);
});

/** Broadcasts with UDP from 10.98.0.9 out of one end of a veth whose other end is here too. */
const sender = `
import socket, struct
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 17, 0, bytes([10, 98, 0, 9]), bytes([10, 98, 0, 1]))
frame = b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x09" + b"\\x08\\0" + ip + struct.pack("!HHHH", 1, 2, 20, 0) + bytes(12)
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("end0", 0))
for _ in range(${pings}): out.send(frame)
`;

it("counts what leaves one end of a veth and comes in at the other once a direction", async () => {
  const filter = { src: "10.98.0.9" };
  const input = await network.count(own, filter);
  const output = await network.count(own, { ...filter, interface: "OUTPUT" });
  await network.lab.must(own, "python3", "-c", sender);
  expect(await Promise.all([input, output].map(total))).toEqual([pings, pings]);
});
