// Tagged frames on the wire, counted by VLAN.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  await network.start(own);
});
afterAll(() => network?.close());

/** Ethernet broadcasts with a tag, 40 bytes of UDP over IPv4 from 10.98.0.9 behind it: no VLAN device is needed. */
const sender = `
import socket, struct, sys
vlan, count = map(int, sys.argv[1:])
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 17, 0, bytes([10, 98, 0, 9]), bytes([10, 98, 0, 1]))
udp = struct.pack("!HHHH", 4001, 7001, 20, 0) + bytes(12)
frame = b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x09" + struct.pack("!HHH", 0x8100, 0xe000 | vlan, 0x0800) + ip + udp
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
for _ in range(count): out.send(frame)
`;

const tagged = (vlan: number, count: number) =>
  network.lab.must(peer, "python3", "-c", sender, `${vlan}`, `${count}`);

it("tells tagged packets, priority tags and those without a tag apart", async () => {
  const id = await network.count(own, { proto: "udp" }, { counter_key_type: "src_vlan" });
  const bytes = { counter_key_type: "vlan", increment: "bytes" };
  await network.ask(own, { type: "config sketch counter", sketch_id: id, ...bytes });
  await tagged(42, 8);
  await tagged(4000, 5);
  await tagged(0, 2);
  await network.udp(peer, { to: own.address, dport: 7001, count: 3 });
  await network.udp(peer, { to: own.address6, dport: 7001, count: 4 });
  const counts = { type: "query heavy hitters", sketch_id: id, counter_key_type: "src_vlan", threshold: 0 };
  expect(await network.ask(own, counts)).toEqual({
    ...{ "10.98.0.9,42": 8, "10.98.0.9,4000": 5, "10.98.0.9,none": 2 },
    ...{ [`${peer.address},none`]: 3, [`${peer.address6},none`]: 4 },
  });
  expect(await network.ask(own, { ...counts, group_by: "vlan" })).toEqual({ "42": 8, "4000": 5, none: 9 });
  const one = { type: "query sketch", sketch_id: id, counter_key_type: "vlan" };
  expect(await network.ask(own, { ...one, counter_key: "42" })).toBe(8 * 40);
  expect(await network.ask(own, { ...one, counter_key: "none" })).toBe(2 * 40 + 3 * 128 + 4 * 148);
});
