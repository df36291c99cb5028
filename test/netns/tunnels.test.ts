// Tunnels between real hosts: what they carry is counted once by a sketch that asks for it, and never together with
// what is around it.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

const pings = process.env.TALLYTREE_LONG === "1" ? 1000 : 40;

let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  const overlay = async (host: Host, remote: Host, address: string) => {
    const line = `link add vx0 type vxlan id 77 dstport 4789 local ${host.address} remote ${remote.address} dev eth0`;
    await network.lab.must(host, "ip", ...line.split(" "));
    await network.lab.must(host, "ip", "address", "add", `${address}/24`, "dev", "vx0");
    await network.lab.must(host, "ip", "link", "set", "vx0", "addrgenmode", "none", "up");
  };
  await overlay(own, peer, "10.50.0.1");
  await overlay(peer, own, "10.50.0.2");
  await network.start(own);
});
afterAll(() => network?.close());

const keyed = (sketch_id: number, counter_key_type: string) =>
  network.ask(own, { type: "query heavy hitters", sketch_id, counter_key_type, threshold: 0 });

it("counts the packets in a VXLAN tunnel by their own headers, once", async () => {
  const inner = await network.count(
    own,
    { inner: true, device: "eth0", proto: "icmp" },
    { counter_key_type: "src_dst_vni", increment: "bytes" },
  );
  const around = await network.count(own, { device: "eth0" }, { counter_key_type: "proto" });
  const all = await network.count(own, { proto: "icmp" });
  const opened = await network.count(own, { inner: true, proto: "icmp" });
  await network.ping(peer, "10.50.0.1", pings);
  expect(await keyed(inner, "src_dst_vni")).toEqual({ "10.50.0.2,10.50.0.1,77": 84 * pings });
  // The tunnel's end decapsulates: its device has the inner packets as such, which no inner sketch counts again.
  expect(await keyed(all, "src")).toEqual({ "10.50.0.2": pings });
  expect(await keyed(opened, "src")).toEqual({ "10.50.0.2": pings });
  // What is around them is the tunnel's UDP, a packet for each (and for ARP), and nothing of what is inside.
  const counted = (await keyed(around, "proto")) as Record<string, number>;
  expect(counted["1"]).toBeUndefined();
  expect(counted["17"]).toBeGreaterThanOrEqual(pings);
});

/** Raw frames of kinds that this kernel may have no device for, from 10.98.0.9 in each tunnel. */
const sender = `
import socket, struct
def ip(proto, payload, src, dst):
    ends = socket.inet_aton(src) + socket.inet_aton(dst)
    fields = (0x45, 0, 20 + len(payload), 0, 0, 64, proto)
    total = sum(struct.unpack("!10H", struct.pack("!BBHHHBBH", *fields, 0) + ends))
    total = (total & 0xffff) + (total >> 16)
    return struct.pack("!BBHHHBBH", *fields, 0xffff - total) + ends + payload
def ether(kind, payload): return b"\\xff" * 6 + b"\\x02\\0\\0\\0\\0\\x09" + struct.pack("!H", kind) + payload
def around(proto, payload): return ether(0x0800, ip(proto, payload, "10.99.0.2", "10.99.0.1"))
udp = struct.pack("!HHHH", 4001, 7001, 20, 0) + bytes(12)
inner = ip(17, udp, "10.98.0.9", "10.98.0.1")
frame = ether(0x0800, inner)
geneve = struct.pack("!HHHHBBHI", 5000, 6081, 16 + len(frame), 0, 0, 0, 0x6558, 88 << 8) + frame
frames = [
    (2, around(47, struct.pack("!HHI", 0x2000, 0x0800, 4000000000) + inner)),
    (3, around(47, struct.pack("!HHIHHI", 0x1000, 0x88be, 1, 0x1000, 5, 0) + frame)),
    (4, around(17, geneve)),
    (5, around(4, inner)),
    (6, ether(0x8847, struct.pack("!I", 0x00010140) + inner)),
    (7, ether(0x88a8, struct.pack("!HHHH", 5, 0x8100, 6, 0x0800) + inner)),
]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
for count, bytes_of in frames:
    for _ in range(count): out.send(bytes_of)
`;

it("opens GRE, ERSPAN, Geneve, IP in IP, MPLS and stacked tags", async () => {
  const filter = { inner: true, src: "10.98.0.9", dport: 7001 };
  const id = await network.count(own, filter, { counter_key_type: "src_vni_gre_key_vlan" });
  await network.lab.must(peer, "python3", "-c", sender);
  expect(await keyed(id, "src_vni_gre_key_vlan")).toEqual({
    "10.98.0.9,none,4000000000,none": 2,
    "10.98.0.9,none,none,none": 3 + 5 + 6,
    "10.98.0.9,88,none,none": 4,
    "10.98.0.9,none,none,6": 7,
  });
});

it("counts a tunnel as what it is for other sketches", async () => {
  const id = await network.count(own, { src: peer.address }, { counter_key_type: "proto" });
  await network.lab.must(peer, "python3", "-c", sender);
  expect(await keyed(id, "proto")).toMatchObject({ "47": 5, "4": 5 });
});

it("refuses parts of a key that only packets in tunnels have", async () => {
  const id = await network.ask(own, { type: "config sketch" });
  const message = { type: "config sketch counter", sketch_id: id, counter_key_type: "src_vni" };
  const { status, value } = await network.post(own, JSON.stringify(message), "application/json");
  expect([status, value]).toMatchObject([400, { error: { field: "counter_key_type" } }]);
  expect(JSON.stringify(value)).toMatch(/inner: true/);
});
