// A tree of three agents: the right sum, and the truth about who is missing when one is killed. Over each transport.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, until } from "../lab.js";
import { Network, type Station } from "../lab-network.js";

interface Detail {
  readonly value: unknown;
  readonly coverage: {
    readonly expected: number;
    readonly answered: readonly string[];
    readonly missing: readonly { readonly host: string; readonly reason: string }[];
    readonly complete: boolean;
  };
}

let network: Network;
let stations: Station[];
let root: Host;
let id: number;
let transport: string;

const name = (host: Host) => `${host.address}:8000`;
const names = (hosts: readonly Host[]) => hosts.map(name).sort();

async function grow(parents: readonly (number | undefined)[], over: "http" | "nats"): Promise<void> {
  network = new Network(parents.length);
  transport = over === "nats" ? await network.startNats() : over;
  stations = await Promise.all(
    parents.map((parent, i) => {
      const above = parent === undefined ? {} : { parent: network.host(parent) };
      const tap = i === parents.length - 1 ? "nfqueue" : "packet";
      return network.start(network.host(i), { tap, transport, ...above });
    }),
  );
  root = network.host(0);
  id = await network.count(root, { proto: "icmp" }, { counter_key_type: "dst" });
  await until("the whole tree", async () =>
    (await total()).coverage.answered.length === parents.length ? true : undefined,
  );
}

/** Five pings to each host from the controller's. */
async function pingAll(hosts: readonly Host[]): Promise<void> {
  const controller = network.host(network.lab.hosts.length - 1);
  for (const host of hosts) await network.ping(controller, host.address, 5);
}

async function total(): Promise<Detail & { readonly ms: number }> {
  const started = performance.now();
  const ask = {
    type: "query sketch",
    sketch_id: id,
    counter_key_type: "dst",
    counter_key: "total",
    detail: true,
  };
  const detail = (await network.ask(root, ask)) as Detail;
  return { ...detail, ms: performance.now() - started };
}

const hitters = () =>
  network.ask(root, { type: "query heavy hitters", sketch_id: id, counter_key_type: "dst" });

afterEach(() => network?.close());

describe.each(["http", "nats"] as const)("a star of three over %s", (over) => {
  beforeEach(() => grow([undefined, 0, 0], over));

  it("adds up exactly, key by key", async () => {
    const hosts = stations.map(({ host }) => host);
    await pingAll(hosts);
    const { value, coverage } = await total();
    expect(value).toBe(15);
    expect(coverage).toMatchObject({ expected: 3, missing: [], complete: true });
    expect([...coverage.answered].sort()).toEqual(names(hosts));
    expect(await hitters()).toEqual(Object.fromEntries(hosts.map(({ address }) => [address, 5])));
    const ask = { type: "query sketch", sketch_id: id, counter_key_type: "dst", counter_key: "key_num" };
    expect(await network.ask(root, ask)).toBe(3);
    expect(await network.ask(root, { ...ask, counter_key: "total", scope: "host" })).toBe(5);
  });

  it("adds up the same seconds of all hosts, and no packet is in two of them", async () => {
    const hosts = stations.map(({ host }) => host);
    const begun = Math.floor(Date.now() / 1000);
    await pingAll(hosts);
    const end = Math.floor(Date.now() / 1000) + 1;
    await until("the last second is over", async () => (Date.now() / 1000 > end + 0.2 ? true : undefined));
    const query = { type: "query sketch", sketch_id: id, counter_key_type: "dst", counter_key: "total" };
    const within = (from: number, to: number, detail = false) =>
      network.ask(root, { ...query, window: { from, to }, detail });
    expect(await within(begun, end, true)).toMatchObject({
      value: 15,
      exact: true,
      window: { kind: "span", from: begun, to: end },
    });
    let sum = 0;
    for (let second = begun; second < end; second++) sum += Number(await within(second, second + 1));
    expect(sum).toBe(15);
    expect(((await total()).coverage as { clock_off?: unknown }).clock_off).toBeUndefined();
    const change = { type: "query change", sketch_id: id, counter_key_type: "dst" };
    const asked = { ...change, window: { from: begun, to: end }, before: { from: begun - 9, to: begun } };
    expect(await network.ask(root, asked)).toEqual(
      Object.fromEntries(hosts.map(({ address }) => [address, 5])),
    );
  });

  it("answers for the rest, in time, when an agent is killed, and takes it back later", async () => {
    const [first, second, third] = stations as [Station, Station, Station];
    await pingAll([first.host, second.host, third.host]);
    await third.agent.stop("SIGKILL");
    const { value, coverage, ms } = await total();
    expect(value).toBe(10);
    expect(ms).toBeLessThan(1200);
    expect(coverage).toMatchObject({ expected: 3, complete: false, missing: [{ host: name(third.host) }] });
    await network.startAgent(third.host, ["--transport", transport, "--parent", root.address]);
    await until("the lost agent's counts", async () => ((await total()).value === 15 ? true : undefined));
  });

  it("answers in time when an agent hangs", async () => {
    const [first, second, third] = stations as [Station, Station, Station];
    await pingAll([first.host, second.host, third.host]);
    process.kill(second.agent.pid, "SIGSTOP");
    try {
      const { value, coverage, ms } = await total();
      expect(value).toBe(10);
      expect(ms).toBeLessThan(1300);
      expect(coverage.missing).toMatchObject([{ host: name(second.host), reason: "timeout" }]);
    } finally {
      process.kill(second.agent.pid, "SIGCONT");
    }
  });

  it("says so when a host's monitor is killed, and that host's inline traffic goes on", async () => {
    const [first, second, third] = stations as [Station, Station, Station];
    await pingAll([first.host, second.host]);
    await third.monitor.stop("SIGKILL");
    const { value, coverage } = await total();
    expect(value).toBe(10);
    expect(coverage.missing).toMatchObject([{ host: name(third.host), reason: "monitor_down" }]);
    await network.ping(first.host, third.host.address, 20);
  });
});

describe.each(["http", "nats"] as const)("a chain of three over %s", (over) => {
  beforeEach(() => grow([undefined, 0, 1], over));

  it("adds up, and lists the whole lost branch when the middle is killed", async () => {
    const [first, second, third] = stations as [Station, Station, Station];
    await pingAll([first.host, second.host, third.host]);
    expect((await total()).value).toBe(15);
    await second.agent.stop("SIGKILL");
    const { value, coverage, ms } = await total();
    expect(value).toBe(5);
    expect(ms).toBeLessThan(1200);
    expect(coverage.missing.map(({ host }) => host).sort()).toEqual(names([second.host, third.host]));
    expect(coverage).toMatchObject({ expected: 3, complete: false });
  });
});
