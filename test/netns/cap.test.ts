// The cap tap: one device by the npm package, in a process of its own, never called complete.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { descendants, type Host, kill, pidsBelow, type Running, until } from "../lab.js";
import { Network, program } from "../lab-network.js";

let network: Network;
let own: Host;
let peer: Host;
let monitor: Running;

beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => network?.close());

async function start(...options: readonly string[]): Promise<void> {
  monitor = await network.startMonitor(own, ["--tap", "cap", "--device", "eth0", ...options]);
  await network.startAgent(own);
}

interface Detail {
  readonly value: number;
  readonly loss: Readonly<Record<string, unknown>> & {
    readonly gaps: readonly { readonly reason: string }[];
  };
}

const count = async (sketch_id: number, counter_key = "total") =>
  (await network.ask(own, {
    ...{ type: "query sketch", sketch_id, counter_key_type: "src", counter_key, detail: true },
  })) as Detail;

it("counts a quiet device exactly, both ways and both IP versions, and does not call it complete", async () => {
  await start();
  const input = await network.count(own, { interface: "INPUT", proto: "icmp" });
  const output = await network.count(own, { interface: "OUTPUT", proto: "icmp" });
  const udp = await network.count(own, { proto: "udp", dport: 7001 });
  await network.ping(peer, own.address, 37);
  await network.udp(peer, { to: own.address6, dport: 7001, count: 20 });
  const { value, loss } = await count(input);
  expect([value, (await count(output)).value, (await count(udp)).value]).toEqual([37, 37, 20]);
  expect(loss).toMatchObject({ complete: false, lost: {}, gaps: [] });
  expect(JSON.stringify(loss.observation_points)).toContain("loses packets and does not say how many");
  expect(monitor.stderr()).toContain("it is for cross-checks");
});

it("takes libpcap's filters", async () => {
  await start("--filter", "udp port 7001");
  const id = await network.count(own, {});
  await network.udp(peer, { to: own.address, dport: 7001, count: 20 });
  await network.udp(peer, { to: own.address, dport: 7002, count: 20 });
  expect((await count(id)).value).toBe(20);
});

it("outlives a crash of its process, starts another and tells the gap", async () => {
  await start();
  const id = await network.count(own, { proto: "icmp" });
  await network.ping(peer, own.address, 10);
  expect((await count(id)).value).toBe(10);
  expect(descendants(monitor.pid)).toEqual(["node"]);
  for (const pid of pidsBelow(monitor.pid)) kill(pid, "SIGSEGV");
  await until("another process to count", async () => {
    await network.lab.run(peer, "ping", "-q", "-c", "1", "-W", "1", own.address);
    return (await count(id)).value > 10 ? true : undefined;
  });
  const { value, loss } = await count(id);
  expect(loss.gaps).toMatchObject([{ reason: "crashed" }]);
  await network.ping(peer, own.address, 10);
  expect((await count(id)).value - value).toBe(10);
});

it("leaves no process behind", async () => {
  await start();
  const below = pidsBelow(monitor.pid);
  expect(below.length).toBe(1);
  await monitor.stop("SIGKILL");
  await network.ping(peer, own.address, 3);
  await until("its process to end", () => (below.some((pid) => kill(pid, 0)) ? undefined : true));
});

describe("does not start", () => {
  it.each([
    [[], /the cap tap reads one device: name it by --device/],
    [["--device", "eth7"], /--device eth7: this host has no such/],
    [["--device", "eth0", "--filter", "tcp prot 80"], /--filter "tcp prot 80": .*syntax error/],
  ])("with %j", async (options, sentence) => {
    const socket = `${network.lab.folder}/refused.sock`;
    const argv = [...program("monitor"), "--socket", socket, "--tap", "cap", ...options];
    const { status, stderr } = await network.lab.run(own, ...argv);
    expect([status, stderr]).toEqual([1, expect.stringMatching(sentence)]);
  });
});
