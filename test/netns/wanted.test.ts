// Configuration follows the root: hosts that were down while it changed, or come without anything, have the same within
// two heartbeats, and count nothing that was deleted meanwhile.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { ConfigurationStatus, Coverage, SketchDetail } from "../../controller-client/messages/index.js";
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

const isLong = process.env.TALLYTREE_LONG === "1";
const fanOut = 3;
/** How agents come to their places. */
let form: "roster" | "parents";

const url = (host: Host | undefined) => `http://${host?.address}:8000`;
const state = (host: Host) => join(network.lab.folder, `state-${host.name}`);

function optionsOf(host: Host): readonly string[] {
  const index = network.lab.hosts.indexOf(host);
  if (form === "parents")
    return index === 0 ? [] : ["--parent", url(network.lab.hosts[Math.floor((index - 1) / fanOut)])];
  const place = index === 0 ? ["--root", "--fan-out", `${fanOut}`] : ["--join", url(network.host(0))];
  return [...place, "--state", state(host)];
}

async function start(host: Host): Promise<void> {
  const monitor = await network.startMonitor(host);
  pairs.set(host, { monitor, agent: await network.startAgent(host, optionsOf(host)) });
}

async function startAgent(host: Host): Promise<void> {
  const pair = pairs.get(host) as Pair;
  pair.agent = await network.startAgent(host, optionsOf(host));
}

async function stop(host: Host, withMonitor = true): Promise<void> {
  const { agent, monitor } = pairs.get(host) as Pair;
  await Promise.all([agent.stop("SIGKILL"), ...(withMonitor ? [monitor.stop("SIGKILL")] : [])]);
}

const configuration = async (host: Host) =>
  ((await network.ask(host, { type: "query status" })) as { readonly configuration: ConfigurationStatus })
    .configuration;

const sketches = async (host: Host) =>
  (await network.ask(host, { type: "query sketches", detail: true })) as readonly SketchDetail[];

async function converged(hosts: readonly Host[], timeoutMs = convergenceMs): Promise<void> {
  const { hash, revision } = await configuration(network.host(0));
  // In a tree made by hand there is nobody who would know the revision of the one above.
  const isTaken = (one: ConfigurationStatus) => form === "parents" || one.observed_revision === revision;
  await until(
    "one configuration",
    async () => {
      const all = await Promise.all(hosts.map(configuration));
      return all.every((one) => one.hash === hash && isTaken(one)) || undefined;
    },
    timeoutMs,
  );
}

/** Who is behind, by a detailed answer of the root; undefined when somebody is missing. */
async function behind(sketch_id: number): Promise<readonly string[] | undefined> {
  const question = { sketch_id, counter_key_type: "src", counter_key: "total", detail: true };
  const answer = await network.ask(network.host(0), { type: "query sketch", ...question });
  const { complete, revision_behind = [] } = (answer as { readonly coverage: Coverage }).coverage;
  return complete ? revision_behind.map(({ host }) => host) : undefined;
}

/** The root's configuration changes while a host is cut off. */
async function changeWithout(host: Host): Promise<void> {
  const link = (state: string) => network.lab.must(host, "ip", "link", "set", "eth0", state);
  await link("down");
  await network.ask(network.host(0), { type: "config sketch", proto: "icmp", timeout_ms: 300 });
  await link("up");
}

/** What each of these counts, its monitor too, is what the root wants, and nothing else. */
async function expectNoGhosts(hosts: readonly Host[]): Promise<void> {
  const uuids = async (host: Host) => (await sketches(host)).map(({ uuid }) => uuid).sort();
  const memory = async (host: Host) =>
    ((await network.ask(host, { type: "query status" })) as Status).monitor.memory.used;
  const root = network.host(0);
  for (const host of hosts) {
    expect(await uuids(host)).toEqual(await uuids(root));
    await until(
      "the monitor is told",
      async () => (await memory(host)) === (await memory(root)) || undefined,
    );
  }
}

interface Status {
  readonly monitor: { readonly memory: { readonly used: number } };
}

afterEach(() => network?.close());

/** Two sketches before, ten changes, two of them deletions. */
async function tenChanges(root: Host, [first, doomed]: readonly number[]): Promise<void> {
  const ask = (message: object) => network.ask(root, message);
  await ask({ type: "delete sketch", sketch_id: doomed });
  const made: number[] = [];
  for (let dport = 1; dport <= 4; dport++)
    made.push((await ask({ type: "config sketch", proto: "udp", dport })) as number);
  for (const sketch_id of made.slice(0, 3))
    await ask({ type: "config sketch counter", sketch_id, counter_key_type: "dst" });
  await ask({ type: "config counter", proto: "icmp" });
  await ask({ type: "delete sketch", sketch_id: first });
}

describe.each(["roster", "parents"] as const)("over a tree by %s", (by) => {
  it("all is the same everywhere soon after a fifth of the hosts was down during ten changes", async () => {
    form = by;
    const count = isLong ? 50 : 10;
    network = new Network(count);
    pairs = new Map();
    const hosts = network.lab.hosts.slice(0, count);
    const [root, ...others] = hosts as [Host, ...Host[]];
    await start(root);
    for (let i = 0; i < others.length; i += 9) await Promise.all(others.slice(i, i + 9).map(start));
    const before = [await network.count(root, { proto: "udp" }), await network.count(root, { proto: "tcp" })];
    await converged(others, 30_000);
    const away = others.filter((_, i) => i % 5 === 4 || i === 0);
    // Every other one's monitor counts on meanwhile, also what is deleted.
    const stays = (host: Host) => away.indexOf(host) % 2 === 1;
    await Promise.all(away.map((host) => stop(host, !stays(host))));
    await tenChanges(root, before);
    await Promise.all(away.map((host) => (stays(host) ? startAgent(host) : start(host))));
    await converged(others);
    await expectNoGhosts(away);
  }, 300_000);
});

it("comes to one that has lost everything, stays with a root that is restarted, and is ended at the root", async () => {
  form = "roster";
  network = new Network(3);
  pairs = new Map();
  const [root, other, third] = network.lab.hosts as [Host, Host, Host];
  await start(root);
  await Promise.all([other, third].map(start));
  const hosts = [other, third];
  for (let dport = 1; dport <= 4; dport++) await network.count(root, { proto: "udp", dport });
  await converged(hosts, 15_000);

  // Re-installed: nothing on disk, nothing in a monitor.
  await stop(other);
  rmSync(state(other), { recursive: true });
  await start(other);
  await converged(hosts, 2 * convergenceMs);
  expect(await sketches(other)).toHaveLength(4);

  // The root comes back from its disk; nobody loses anything meanwhile.
  const before = await sketches(root);
  await stop(root);
  await start(root);
  await until("the root", async () => (await sketches(root)).length === 4 || undefined);
  expect((await sketches(root)).map(({ sketch_id, uuid }) => [sketch_id, uuid])).toEqual(
    before.map(({ sketch_id, uuid }) => [sketch_id, uuid]),
  );
  await converged(hosts, 2 * convergenceMs);

  // Who misses a change is named until it has heard of it. Its next heartbeat may bring it before the root is asked.
  const counted = before[0]?.sketch_id as number;
  const nobody = async () => (await behind(counted))?.length === 0 || undefined;
  await until("all answer", nobody);
  await until("one that is behind", async () => {
    await changeWithout(other);
    return (await behind(counted))?.join() === `${other.address}:8000` || undefined;
  });
  await until("two heartbeats", nobody, convergenceMs);

  // What the root wants is ended at the root.
  const message = JSON.stringify({ type: "delete sketch", sketch_id: (await sketches(other))[0]?.sketch_id });
  const refused = await network.post(other, message, "application/json");
  expect(refused).toMatchObject({ status: 409, value: { error: { code: "conflict" } } });
});

it("reports a sketch that a host cannot run, and keeps wanting it", async () => {
  form = "roster";
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
