// Who tries many ports, from real packets on a tree of two hosts: a port tried on both counts once.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { SpreadDetail } from "../../controller-client/messages/index.js";
import { type Host, until } from "../lab.js";
import { Network } from "../lab-network.js";

let network: Network;
let root: Host;
let leaf: Host;
let scanner: Host;

beforeAll(async () => {
  network = new Network(3);
  [root, leaf, scanner] = [network.host(0), network.host(1), network.host(2)];
  await network.start(root, { cores: 2 });
  await network.start(leaf, { parent: root });
});
afterAll(() => network?.close());

/** A datagram to each port of a range, the sends one after the other. */
const sender = `
  const socket = require("node:dgram").createSocket("udp4");
  const [to, first, last] = process.argv.slice(1);
  const send = (port) => new Promise((done) => socket.send("x", port, to, done));
  (async () => {
    for (let port = Number(first); port <= Number(last); port++) await send(port);
    socket.close();
  })();`;

const scan = (from: Host, to: Host, first: number, last: number) =>
  network.lab.must(from, process.execPath, "-e", sender, to.address, `${first}`, `${last}`);

/** A question about a new counter, once both hosts count. */
async function counted(counter: object): Promise<object> {
  const sketch_id = await network.count(
    root,
    { proto: "udp" },
    { counter_key_type: "src_dport", ...counter },
  );
  const query = { type: "query spread", sketch_id, counter_key_type: "src_dport", group_by: "src" };
  await until("both hosts", async () => {
    const { coverage } = (await network.ask(root, { ...query, detail: true })) as SpreadDetail;
    return coverage.complete && coverage.expected === 2 ? true : undefined;
  });
  return query;
}

it("is exact for few ports and near the truth for many", async () => {
  const exact = await counted({});
  const rough = await counted({ capacity: 32, spread: "src,dport" });
  await scan(scanner, root, 1001, 1600);
  await scan(scanner, leaf, 1401, 2000);
  await scan(root, leaf, 1001, 1040);
  expect(await network.ask(root, exact)).toEqual({ [scanner.address]: 1000, [root.address]: 40 });
  expect(await network.ask(root, { ...exact, threshold: 500 })).toEqual({ [scanner.address]: 1000 });
  const { keys, coverage, ...rest } = (await network.ask(root, { ...rough, detail: true })) as SpreadDetail;
  expect(rest.exact).toBe(false);
  expect(coverage).toMatchObject({ expected: 2, complete: true });
  for (const [host, ports] of [[scanner, 1000] as const, [root, 40] as const]) {
    const { lower, upper } = keys[host.address] ?? {};
    expect(lower).toBeLessThanOrEqual(ports);
    expect(upper).toBeGreaterThanOrEqual(ports);
  }
  expect(keys[scanner.address]?.lower).toBeGreaterThan(600);
  const ports = (await network.ask(root, { ...exact, group_by: "dport", k: 3 })) as object;
  expect(Object.values(ports)).toEqual([2, 2, 2]);
});

it("is about the seconds that are asked for", async () => {
  const query = { ...(await counted({ capacity: 32, spread: "src" })), window: { last: 5 } };
  await scan(scanner, leaf, 3001, 3300);
  // The window ends with the last whole second.
  await new Promise((resolve) => setTimeout(resolve, 1300));
  const { keys, window } = (await network.ask(root, { ...query, detail: true })) as SpreadDetail;
  expect(window.kind).toBe("span");
  expect(keys[scanner.address]?.lower).toBeLessThanOrEqual(300);
  expect(keys[scanner.address]?.upper).toBeGreaterThanOrEqual(300);
  const before = { from: window.from - 60, to: window.from - 30 };
  expect(await network.ask(root, { ...query, window: before })).toEqual({});
});
