// The bandwidth test between two hosts: a plausible number, no shell on the way, and nothing that stays.

import { afterAll, beforeAll, expect, it } from "vitest";
import { descendants, type Host, until } from "../lab.js";
import { Network, type Station } from "../lab-network.js";

let network: Network;
let stations: Station[];
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  stations = [await network.start(own), await network.start(peer, { parent: own })];
  await until("the child", async () => {
    const known = (await network.ask(own, { type: "query leaf agents" })) as readonly string[];
    return known.length === 1 ? true : undefined;
  });
});
afterAll(() => network?.close());

const bandwidth = (from: Host, to: Host, more: object = {}) =>
  network.post(
    own,
    JSON.stringify({ type: "query bw", src: from.address, dst: to.address, ...more }),
    "application/json",
  );

const programs = () => stations.flatMap(({ agent, monitor }) => [agent.pid, monitor.pid]);

it("measures what the link gives, and starts iperf3 and nothing else", async () => {
  await network.lab.must(
    own,
    "tc",
    "qdisc",
    "add",
    "dev",
    "eth0",
    "root",
    "tbf",
    "rate",
    "80mbit",
    "burst",
    "64k",
    "latency",
    "50ms",
  );
  const seen = new Set<string>();
  const watching = setInterval(() => {
    for (const command of programs().flatMap(descendants)) seen.add(command);
  }, 5);
  const { status, value } = await bandwidth(own, peer, { seconds: 2 });
  clearInterval(watching);
  // A forked agent that has not become iperf3 yet.
  seen.delete("node");
  await network.lab.must(own, "tc", "qdisc", "del", "dev", "eth0", "root");
  expect(status).toBe(200);
  // 80 Mbit/s are 10 MBytes/s, less the headers.
  expect(value).toBeGreaterThan(8);
  expect(value).toBeLessThan(10.2);
  expect([...seen]).toEqual(["iperf3"]);
  expect(programs().flatMap(descendants)).toEqual([]);
});

it("measures from a host below on its behalf", async () => {
  const { status, value } = await bandwidth(peer, own, { seconds: 1 });
  expect([status, typeof value]).toEqual([200, "number"]);
  expect(programs().flatMap(descendants)).toEqual([]);
});

it("refuses a second test while one runs", async () => {
  const [first, second] = await Promise.all([1, 2].map(() => bandwidth(own, peer, { seconds: 1 })));
  expect([first?.status, second?.status].sort()).toEqual([200, 409]);
  expect(programs().flatMap(descendants)).toEqual([]);
});

it("says so when nobody is at the other end", async () => {
  const started = performance.now();
  const nowhere = { ...peer, address: "10.99.0.99" };
  const { status } = await bandwidth(own, nowhere, { seconds: 1 });
  expect([503, 504]).toContain(status);
  expect(performance.now() - started).toBeLessThan(8000);
});

it("says how to get iperf3 when it is missing", async () => {
  await stations[0]?.agent.stop();
  const agent = await network.startAgent(own, [], ["env", `PATH=${network.lab.folder}`]);
  const { status, value } = await network.post(
    own,
    JSON.stringify({ type: "serve bw", src: peer.address, seconds: 1 }),
    "application/json",
  );
  expect(status).toBe(503);
  expect(JSON.stringify(value)).toMatch(/install iperf3/);
  await agent.stop();
});
