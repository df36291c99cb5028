// One monitor over several network namespaces: what is seen in which, whose it is, and those that come and go.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";

const rounds = process.env.TALLYTREE_LONG === "1" ? 50 : 1;
const container = randomBytes(32).toString("hex");
/** Where version 2 is mounted, alone or beside version 1. */
const groups = existsSync("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";

let network: Network;
let own: Host;
let left: Host;
let right: Host;
let held: Running;
let later: string;

beforeAll(async () => {
  network = new Network(3);
  [own, left, right] = [network.host(0), network.host(1), network.host(2)];
  later = `${own.namespace}-later`;
  held = await network.lab.spawn(right, ["sleep", "1000"]);
  await network.startMonitor(own, ["--netns", [left.namespace, right.namespace, later].join()]);
  await network.startAgent(own);
});
afterAll(async () => {
  spawnSync("ip", ["netns", "delete", later]);
  await network?.close();
});

const keyed = (sketch_id: number, counter_key_type: string, more: object = {}) =>
  network.ask(own, { type: "query heavy hitters", sketch_id, counter_key_type, threshold: 0, ...more });

const ofLab = (counts: unknown) =>
  Object.fromEntries(
    Object.entries(counts as Record<string, number>).filter(([key]) =>
      key.includes(own.namespace.slice(0, -2)),
    ),
  );

const degrees = { interface: "INPUT", proto: "icmp" } as const;

it("counts each packet in the namespaces where it is seen, and nothing twice in one", async () => {
  const all = await network.count(own, { ...degrees, netns: "all" }, { counter_key_type: "netns_src" });
  const one = await network.count(
    own,
    { ...degrees, netns: left.namespace },
    { counter_key_type: "src_dst" },
  );
  const plain = await network.count(own, degrees, { counter_key_type: "src" });
  const sent = 30 * rounds;
  await network.ping(left, right.address, sent);
  await network.ping(right, own.address, 7);
  expect(ofLab(await keyed(all, "netns_src"))).toEqual({
    [`${right.namespace},${left.address}`]: sent,
    [`${left.namespace},${right.address}`]: sent,
    [`${own.namespace},${right.address}`]: 7,
    [`${right.namespace},${own.address}`]: 7,
  });
  expect(await keyed(one, "src_dst")).toEqual({ [`${right.address},${left.address}`]: sent });
  expect(await keyed(plain, "src")).toEqual({ [right.address]: 7 });
});

it("groups by namespace, and answers about one by its name", async () => {
  const id = await network.count(own, { ...degrees, netns: "all" }, { counter_key_type: "netns_src_dst" });
  await network.ping(left, right.address, 11);
  const counts = await keyed(id, "netns_src_dst", { group_by: "netns" });
  expect(ofLab(counts)).toEqual({ [left.namespace]: 11, [right.namespace]: 11 });
  const ask = (counter_key: string) =>
    network.ask(own, { type: "query sketch", sketch_id: id, counter_key_type: "netns_src_dst", counter_key });
  expect(await ask(`${left.namespace},${right.address},${left.address}`)).toBe(11);
  expect(await ask(`nowhere,${right.address},${left.address}`)).toBe(0);
  const detail = {
    type: "query spread",
    sketch_id: id,
    counter_key_type: "netns_src_dst",
    group_by: "netns",
  };
  expect(ofLab(await network.ask(own, detail))).toEqual({ [left.namespace]: 1, [right.namespace]: 1 });
});

it("notices a namespace that is made later, tells the gap, and lets go of one that is deleted", async () => {
  const id = await network.count(own, { ...degrees, netns: "all" }, { counter_key_type: "netns_dst" });
  const plain = await network.count(own, degrees, { counter_key_type: "src" });
  const { value } = await network.get(own, "/status");
  expect((value as Status).monitor.degraded).toContain(later);
  run("ip", "netns", "add", later);
  const label = (await until("the new namespace is tapped", () => namespaces(later))) && later;
  run("ip", "-n", later, "link", "set", "lo", "up");
  run("ip", "-n", later, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", own.namespace);
  run("ip", "-n", later, "address", "add", "10.77.0.1/24", "dev", "v0");
  run("ip", "-n", later, "link", "set", "v0", "up");
  run("ip", "-n", own.namespace, "address", "add", "10.77.0.2/24", "dev", "v1");
  run("ip", "-n", own.namespace, "link", "set", "v1", "up");
  await network.ping(own, "10.77.0.1", 13);
  expect(ofLab(await keyed(id, "netns_dst"))).toEqual({
    [`${label},10.77.0.1`]: 13,
    [`${own.namespace},10.77.0.2`]: 13,
  });
  const detail = (sketch: number, key: string) => keyed(sketch, key, { detail: true }) as Promise<Detailed>;
  const { loss } = await detail(id, "netns_dst");
  expect(loss.gaps).toMatchObject([{ reason: "untapped", netns: later }]);
  expect(loss.gaps[0]?.to).toBeGreaterThan(loss.gaps[0]?.from ?? 0);
  expect(loss.complete).toBe(false);
  expect((await detail(plain, "src")).loss.complete).toBe(true);
  run("ip", "netns", "delete", later);
  // The namespace is gone for good, and its end of the veth with it, only when no socket of ours is in it.
  await until("the peer's device is gone", () => !devices().includes("v1") || undefined);
  await until("it is no longer tapped", async () => !(await namespaces(later)) || undefined);
  expect(ofLab(await keyed(id, "netns_dst"))).toMatchObject({ [`${label},10.77.0.1`]: 13 });
});

it("names the container of a namespace by the control group of its processes", async () => {
  const id = await network.count(own, { ...degrees, netns: "all" }, { counter_key_type: "netns_container" });
  await network.ping(left, right.address, 3);
  const group = `${groups}/docker-${container}.scope`;
  const place = placeOf(held.pid);
  mkdirSync(group);
  try {
    for (const pid of descendantsIn(right)) writeFileSync(`${group}/cgroup.procs`, `${pid}`);
    await until("the container is known", async () => {
      await network.ping(left, right.address, 1);
      const counts = ofLab(await keyed(id, "netns_container"));
      return `${right.namespace},${container.slice(0, 12)}` in counts ? true : undefined;
    });
  } finally {
    for (const pid of descendantsIn(right)) writeFileSync(`${groups}${place}/cgroup.procs`, `${pid}`);
    rmdirSync(group);
  }
  const counts = ofLab(await keyed(id, "netns_container"));
  expect(counts[`${right.namespace},none`]).toBeGreaterThanOrEqual(3);
  expect(counts[`${left.namespace},none`]).toBeGreaterThanOrEqual(4);
});

it("taps all namespaces, those without a name by their process, and gives its own no other label", async () => {
  const nameless = await network.lab.spawn(
    left,
    ["unshare", "--net", "sh", "-c", "ip link set lo up; echo up; exec sleep 1000"],
    {
      ready: /up/,
    },
  );
  await network.startMonitor(left, ["--netns", "all"]);
  await network.startAgent(left);
  const { value } = await network.get(left, "/status");
  const { namespaces = [] } = (value as Status).monitor;
  expect(namespaces).toEqual(expect.arrayContaining([own.namespace, right.namespace, `pid-${nameless.pid}`]));
  expect(namespaces).not.toContain(left.namespace);
  const key = { counter_key_type: "netns_src" };
  const id = await network.count(left, { ...degrees, netns: "all" }, key);
  await network.ping(own, left.address, 5);
  const counts = await network.ask(left, {
    type: "query heavy hitters",
    sketch_id: id,
    threshold: 0,
    ...key,
  });
  expect(ofLab(counts)).toEqual({
    [`${left.namespace},${own.address}`]: 5,
    [`${own.namespace},${left.address}`]: 5,
  });
});

it("refuses what cannot be counted so", async () => {
  const refused = async (message: object) => {
    const { status, value } = await network.post(own, JSON.stringify(message), "application/json");
    return [status, (value as { error: { field: string } }).error.field];
  };
  const type = "config sketch";
  expect(await refused({ type, netns: "all", device: "eth0" })).toEqual([400, "device"]);
  expect(await refused({ type, netns: "elsewhere" })).toEqual([400, "netns"]);
});

it("counts by both addresses, namespace and container at once, of IPv6 too", async () => {
  const key = "src_dst_netns_container";
  const id = await network.count(
    own,
    { interface: "INPUT", proto: "icmpv6", dst: right.address6, netns: right.namespace },
    { counter_key_type: key },
  );
  await network.ping(left, right.address6, 5);
  expect(ofLab(await keyed(id, key, { group_by: "src_netns" }))).toEqual({
    [`${left.address6},${right.namespace}`]: 5,
  });
});

interface Status {
  readonly monitor: { readonly namespaces?: readonly string[]; readonly degraded?: string };
}

interface Detailed {
  readonly loss: {
    readonly complete: boolean;
    readonly gaps: readonly { readonly from: number; readonly to?: number }[];
  };
}

async function namespaces(name: string): Promise<true | undefined> {
  const { value } = await network.get(own, "/status");
  const tapped = (value as Status).monitor.namespaces ?? [];
  return tapped.includes(name) ? true : undefined;
}

function run(...[program = "", ...words]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
}

const devices = (): string =>
  spawnSync("ip", ["-n", own.namespace, "-brief", "link"], { encoding: "utf8" }).stdout;

const descendantsIn = (host: Host): readonly number[] =>
  spawnSync("ip", ["netns", "pids", host.namespace], { encoding: "utf8" })
    .stdout.split("\n")
    .filter(Boolean)
    .map(Number);

/** Of version 2. */
const placeOf = (pid: number): string =>
  /^0::(.*)$/m.exec(
    existsSync(`/proc/${pid}/cgroup`) ? readFileSync(`/proc/${pid}/cgroup`, "utf8") : "",
  )?.[1] ?? "/";
