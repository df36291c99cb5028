// Configuration follows the root: hosts that were down while it changed, or come without anything, have the same within
// two heartbeats, and count nothing that was deleted meanwhile.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { ConfigurationStatus, SketchDetail } from "../../controller-client/messages/index.js";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";

interface Pair {
  readonly monitor: Running;
  agent: Running;
}

/** Two heartbeats, and what a busy machine may add. */
const convergenceMs = 4000 + 3000;

let network: Network;
let pairs: Map<Host, Pair>;

const url = (host: Host) => `http://${host.address}:8000`;
const state = (host: Host) => join(network.lab.folder, `state-${host.name}`);
const optionsOf = (host: Host) => [
  ...(host === network.host(0) ? ["--root", "--fan-out", "2"] : ["--join", url(network.host(0))]),
  ...["--state", state(host)],
];

async function start(host: Host): Promise<void> {
  const monitor = await network.startMonitor(host);
  pairs.set(host, { monitor, agent: await network.startAgent(host, optionsOf(host)) });
}

async function stop(host: Host): Promise<void> {
  const pair = pairs.get(host);
  await Promise.all([pair?.agent.stop("SIGKILL"), pair?.monitor.stop("SIGKILL")]);
}

const configuration = async (host: Host) =>
  ((await network.ask(host, { type: "query status" })) as { readonly configuration: ConfigurationStatus })
    .configuration;

const sketches = async (host: Host) =>
  (await network.ask(host, { type: "query sketches", detail: true })) as readonly SketchDetail[];

async function converged(hosts: readonly Host[], timeoutMs = convergenceMs): Promise<void> {
  const { hash, revision } = await configuration(network.host(0));
  await until(
    "one configuration",
    async () => {
      const all = await Promise.all(hosts.map(configuration));
      return all.every((one) => one.hash === hash && one.observed_revision === revision) || undefined;
    },
    timeoutMs,
  );
}

afterEach(() => network.close());

it("is the same everywhere soon after a fifth of the hosts was down during ten changes", async () => {
  network = new Network(5);
  pairs = new Map();
  const hosts = network.lab.hosts.slice(0, 5);
  const [root, away, other] = hosts as [Host, Host, Host];
  for (const host of hosts) await start(host);
  const first = await network.count(root, { proto: "udp" });
  const doomed = await network.count(root, { proto: "tcp" });
  await converged(hosts.slice(1), 15_000);

  await stop(away);
  await network.ask(root, { type: "delete sketch", sketch_id: doomed });
  let sketch_id = 0;
  for (let dport = 1; dport <= 3; dport++) sketch_id = await network.count(root, { proto: "udp", dport });
  await network.ask(root, { type: "config sketch counter", sketch_id, counter_key_type: "dst" });
  await network.ask(root, { type: "config counter", proto: "icmp" });
  await network.ask(root, { type: "delete sketch", sketch_id: first });
  await start(away);
  await converged(hosts.slice(1));
  expect((await sketches(away)).map(({ dport }) => dport).sort()).toEqual([1, 2, 3, undefined]);

  // Re-installed: nothing on disk, nothing in a monitor.
  await stop(other);
  rmSync(state(other), { recursive: true });
  await start(other);
  await converged(hosts.slice(1), 2 * convergenceMs);
  expect(await sketches(other)).toHaveLength(4);

  // The root comes back from its disk; nobody loses anything meanwhile.
  const before = await sketches(root);
  await stop(root);
  await start(root);
  await until("the root", async () => (await sketches(root)).length === 4 || undefined);
  expect((await sketches(root)).map(({ sketch_id, uuid }) => [sketch_id, uuid])).toEqual(
    before.map(({ sketch_id, uuid }) => [sketch_id, uuid]),
  );
  await converged(hosts.slice(1), 2 * convergenceMs);

  // What the root wants is ended at the root.
  const message = JSON.stringify({ type: "delete sketch", sketch_id: (await sketches(other))[0]?.sketch_id });
  const refused = await network.post(other, message, "application/json");
  expect(refused).toMatchObject({ status: 409, value: { error: { code: "conflict" } } });
});

it("reports a sketch that a host cannot run, and keeps wanting it", async () => {
  network = new Network(2);
  pairs = new Map();
  const [root, other] = network.lab.hosts as [Host, Host];
  for (const host of [root, other]) await start(host);
  await network.lab.must(root, "ip", "link", "add", "only0", "type", "veth", "peer", "name", "only1");
  await network.ask(root, { type: "config sketch", device: "only0" });
  await converged([other], 15_000);
  await until("the reason", async () => (await sketches(other))[0]?.state === "refused" || undefined);
  expect(await sketches(other)).toMatchObject([
    { problem: expect.stringContaining("only0"), inherited: true },
  ]);
  expect(await configuration(other)).toMatchObject({ refused: 1 });
  const roster = await network.ask(root, { type: "query roster", detail: true });
  expect(roster).toMatchObject({ agents: [{}, { refused: expect.anything(), state: "up" }] });
});
