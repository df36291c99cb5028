// How large packets are: pings of known sizes, and a transfer in super-packets beside the same packets cut by the kernel.

import { afterAll, beforeAll, expect, it } from "vitest";
import type {
  Loss,
  SizeBucketRow,
  SizesAnswer,
  SizesDetail,
} from "../../controller-client/messages/index.js";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

const mebibytes = process.env.TALLYTREE_LONG === "1" ? "1000M" : "30M";

let network: Network;
let own: Host;
let peer: Host;
let far: Host;

beforeAll(async () => {
  network = new Network(3);
  [own, peer, far] = [network.host(0), network.host(1), network.host(2)];
  await network.start(own, { cores: 2 });
});
afterAll(() => network?.close());

const must = (host: Host, line: string) => network.lab.must(host, ...line.split(" "));
const sizesOf = (sketch_id: number) =>
  network.ask(own, { type: "query sizes", sketch_id }) as Promise<SizesAnswer>;

it("tells the sizes of pings to the byte", async () => {
  const filter = { proto: "icmp", src: peer.address, sizes: true };
  const sketch_id = await network.count(own, filter, { counter_key_type: "src" });
  for (const [payload, count] of [
    [3, 5],
    [56, 20],
    [1000, 2],
  ])
    await must(peer, `ping -q -c ${count} -s ${payload} -i 0.01 ${own.address}`);
  const { buckets, ...sizes } = await sizesOf(sketch_id);
  const bytes = 5 * 31 + 20 * 84 + 2 * 1028;
  expect(sizes).toMatchObject({ packets: 27, bytes, mean: bytes / 27, min: 31, p50: 84, max: 1028 });
  expect(buckets.slice(0, 2)).toEqual([
    [31, 31, 5],
    [84, 84, 20],
  ]);
  const [from, to, packets] = buckets[2] as SizeBucketRow;
  expect(packets).toBe(2);
  expect(from).toBeLessThanOrEqual(1028);
  expect(to).toBe(1028); // as the largest is known
  const query = { type: "query sizes", sketch_id, window: { last: 10 }, detail: true };
  await new Promise((resolve) => setTimeout(resolve, 1300));
  const { value, quantiles, window, coverage, loss, exact, unit } = (await network.ask(
    own,
    query,
  )) as SizesDetail;
  expect({ ...value, unit, exact }).toEqual({ buckets, ...sizes, unit: "bytes", exact: true });
  expect(quantiles.p50).toEqual({ value: 84, lower: 84, upper: 84, exact: true });
  expect(window.kind).toBe("span");
  expect(coverage.complete && loss.complete).toBe(true);
});

/** From the peer through this host to the far one, on whose link no super-packets go. */
async function layWay(): Promise<void> {
  await must(own, `ip link add cut0 type veth peer name cut1 netns ${far.namespace}`);
  await must(own, "ip addr add 10.98.0.1/24 dev cut0");
  await must(own, "ip link set cut0 up");
  await must(far, "ip addr add 10.98.0.2/24 dev cut1");
  await must(far, "ip link set cut1 up");
  await must(own, "ethtool -K cut0 tso off gso off");
  await must(far, "ethtool -K cut1 gro off");
  await must(own, "sysctl -qw net.ipv4.ip_forward=1");
  await must(own, "tc qdisc replace dev cut0 root pfifo limit 10000");
  await must(peer, `ip route add 10.98.0.0/24 via ${own.address}`);
}

it("takes super-packets apart as the kernel does", async () => {
  await layWay();
  const filter = { proto: "tcp", src: peer.address, dport: 5201, sizes: true };
  const counter = { counter_key_type: "dport" };
  const whole = await network.count(own, { ...filter, device: "eth0" }, counter);
  const cut = await network.count(own, { ...filter, device: "cut0", interface: "OUTPUT" }, counter);
  await must(own, `iptables -I FORWARD -p tcp -s ${peer.address} --dport 5201`);
  const server = await network.lab.spawn(far, ["iperf3", "-s", "-1", "--forceflush"], { ready: /listening/ });
  await must(peer, `iperf3 -c 10.98.0.2 -n ${mebibytes} -b 1G`);
  await server.ended;
  const [joined, apart] = [await sizesOf(whole), await sizesOf(cut)];
  expect(joined).toEqual(apart);
  expect(joined.max).toBe(1500);
  expect(Math.abs(Number(joined.p50) - 1500)).toBeLessThan(0.01 * 1500);
  for (const [sketch_id, { packets, bytes }] of [[whole, joined] as const, [cut, apart] as const]) {
    const query = { type: "query sketch", sketch_id, ...counter, counter_key: "total" };
    expect(await network.ask(own, query)).toBe(packets);
    expect(packets).toBeGreaterThan(10_000);
    expect(bytes).toBeGreaterThan(1400 * Number(packets));
  }
  // In socket buffers: what came in as super-packets went out in pieces.
  const listed = await must(own, "iptables -nvxL FORWARD 1");
  const buffers = Number(listed.trim().split(/\s+/)[0]);
  expect(buffers).toBeLessThan(Number(joined.packets) / 2);
  const loss = await lossOf(whole);
  expect(loss).toMatchObject({ unit: "skb", counted: buffers, estimated: 0, complete: true });
  expect(loss.filtered).toBeGreaterThanOrEqual(Number(apart.packets));
  const { counted } = await lossOf(cut);
  expect(counted).toBe(apart.packets);
  const all = await network.loss(own);
  expect(all.counted).toBeGreaterThanOrEqual(buffers + counted);
  for (const { seen, counted, filtered, lost, unparsed, ignored } of [loss, all]) {
    const causes = [lost, unparsed, ignored].flatMap((sums) => Object.values(sums));
    expect(causes.reduce((sum, n) => sum + n, counted + filtered)).toBe(seen);
  }
});

async function lossOf(sketch_id: number): Promise<Loss> {
  const query = { type: "query sizes", sketch_id, detail: true };
  return ((await network.ask(own, query)) as SizesDetail).loss;
}
