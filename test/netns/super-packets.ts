// What went over a wire while super-packets were sent, by the kernel's own count.

import { expect } from "vitest";
import type { Host } from "../lab.js";
import type { Network } from "../lab-network.js";

/** Has iperf3 send for a second from one host to another, port 5201; the packets that left its device. */
export async function superPackets({ lab }: Network, from: Host, to: Host): Promise<number> {
  await lab.must(from, "tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "10000");
  const wire = async () => {
    const [qdisc] = JSON.parse(await lab.must(from, "tc", "-s", "-j", "qdisc", "show", "dev", "eth0"));
    return qdisc.packets as number;
  };
  const server = await lab.spawn(to, ["iperf3", "-s", "-1", "--forceflush"], { ready: /listening/ });
  const before = await wire();
  await lab.must(from, "iperf3", "-c", to.address, "-t", "1", "-b", "500M");
  await server.ended;
  const packets = (await wire()) - before;
  expect(packets).toBeGreaterThan(10_000);
  return packets;
}
