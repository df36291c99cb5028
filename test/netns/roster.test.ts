// Real agents on a roster: they join through anybody, are elsewhere within seconds when one above them dies, follow a
// standby when the root does, and a root that returns is none any more. No host is ever counted twice.

import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { CountDetail, RosterAnswer, RosterStatus } from "../../controller-client/messages/index.js";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";

let network: Network;
let agents: Map<Host, Running>;

const url = (host: Host) => `http://${host.address}:8000`;
const name = (host: Host) => `${host.address}:8000`;
const state = () => ["--state", join(network.lab.folder, "state")];
const host = (index: number) => network.host(index);

async function start(at: Host, options: readonly string[]): Promise<void> {
  agents.set(at, await network.startAgent(at, [...options, ...state()]));
}

/** h1 the root, h2 a standby, all others below by the roster. They count nothing: they have no monitors. */
async function grow(count: number, fanOut: number): Promise<void> {
  network = new Network(count);
  agents = new Map();
  await start(host(0), ["--root", "--fan-out", `${fanOut}`]);
  for (let i = 1; i < count; i++) {
    // Through the root, or through another member.
    const through = url(host(i < 3 ? 0 : i - 1));
    await start(host(i), ["--join", through, ...(i === 1 ? ["--standby"] : []), "--label", `rack=r${i % 2}`]);
    await whole(i + 1);
  }
}

const roster = async (at = host(0)) =>
  (await network.ask(at, { type: "query roster", detail: true, timeout_ms: 3000 })) as RosterAnswer;

/** Waits until exactly so many agents are up, and gives the milliseconds it took. */
async function whole(count: number, at = host(0), timeoutMs = 15_000): Promise<number> {
  const started = performance.now();
  await until(
    `${count} agents up`,
    async () => {
      const answer = await roster(at).catch(() => undefined);
      return answer?.agents.filter((agent) => agent.state === "up").length === count ? true : undefined;
    },
    timeoutMs,
  );
  return performance.now() - started;
}

const statusOf = async (at: Host) =>
  ((await network.ask(at, { type: "query status" })) as { readonly roster: RosterStatus }).roster;

async function stop(at: Host, signal: NodeJS.Signals): Promise<void> {
  await agents.get(at)?.stop(signal);
  agents.delete(at);
}

afterEach(() => network.close());

describe("a roster of real agents", () => {
  it("heals when an inner agent dies, takes it back, and lets one leave, be expelled and be renamed", async () => {
    await grow(7, 2);
    const { agents: members } = await roster();
    expect(members.map(({ agent }) => agent).sort()).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((i) => name(host(i))).sort(),
    );
    // Any member passes questions for the root on.
    expect((await roster(host(6))).agents).toHaveLength(7);
    const inner = members.find(({ parent, agent }) => parent === name(host(0)) && agent !== name(host(1)));
    const dead = network.lab.hosts.find((one) => name(one) === inner?.agent) ?? host(2);
    await stop(dead, "SIGKILL");
    expect(await whole(6)).toBeLessThan(10_000);
    expect((await roster()).agents.find(({ agent }) => agent === name(dead))).toMatchObject({
      state: "down",
    });
    await start(dead, ["--join", url(host(0))]);
    await whole(7);
    const children = members.filter(({ parent }) => parent === name(dead)).map(({ agent }) => agent);
    for (const child of network.lab.hosts.filter((one) => children.includes(name(one)))) {
      await until("the children are back", async () =>
        (await statusOf(child)).held_by === name(dead) ? true : undefined,
      );
    }
    await stop(host(6), "SIGTERM");
    await until("it has left", async () => ((await roster()).agents.length === 6 ? true : undefined));
    expect(await network.ask(host(3), { type: "expel agent", agent: name(host(5)) })).toMatch(/^ok/);
    await until("it knows", async () => ((await statusOf(host(5))).role === "expelled" ? true : undefined));
    expect(await network.ask(host(3), { type: "rename agent", agent: name(host(4)), name: "web" })).toMatch(
      /^ok/,
    );
    await until("it is up under its name", async () =>
      (await roster()).agents.some((one) => one.agent === "web" && one.state === "up") ? true : undefined,
    );
    await whole(5);
    expect((await roster()).agents).toHaveLength(5);
  });

  it("follows its standby when the root dies, and the root that returns follows too", async () => {
    await grow(6, 2);
    const standby = host(1);
    await until("the copy", async () => ((await statusOf(standby)).uprooted_ms ?? 1e9) < 3000 || undefined);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await stop(host(0), "SIGKILL");
    await until(
      "a new root",
      async () => ((await statusOf(standby)).role === "root" ? true : undefined),
      20_000,
    );
    await whole(5, standby);
    expect(await roster(standby)).toMatchObject({ tree_epoch: 2, root: name(standby) });
    await start(host(0), ["--root"]);
    await whole(6, standby);
    expect(await statusOf(host(0))).toMatchObject({ role: "member", tree_epoch: 2, root: name(standby) });
    expect((await roster(host(0))).root).toBe(name(standby));
  });
});

describe("counts over a roster", () => {
  /** Pings to each host: 4^i, so that each base-4 digit of the sum tells how often that host is in it. */
  const digits = [1, 4, 16, 64];

  it("never have a host twice, and are exact for those they list, while an inner agent dies and returns", async () => {
    network = new Network(4);
    agents = new Map();
    const hosts = [0, 1, 2, 3].map(host);
    for (const one of hosts) await network.startMonitor(one);
    for (const [i, one] of hosts.entries()) {
      await start(one, i === 0 ? ["--root", "--fan-out", "1"] : ["--join", url(host(0))]);
      await whole(i + 1);
    }
    const sketch_id = await network.count(host(0), { proto: "icmp" }, { counter_key_type: "dst" });
    const controller = network.lab.hosts.at(-1) ?? host(0);
    for (const [i, one] of hosts.entries()) await network.ping(controller, one.address, digits[i] ?? 0);
    const query = { type: "query sketch", sketch_id, counter_key_type: "dst", counter_key: "total" };
    const check = async () => {
      const { value, coverage } = (await network.ask(host(0), { ...query, detail: true })) as CountDetail;
      const counted = hosts.filter((one) => coverage.answered?.includes(name(one)) === true);
      expect(value).toBe(counted.reduce((sum, one) => sum + (digits[hosts.indexOf(one)] ?? 0), 0));
      expect(coverage.expected).toBe(4);
      expect(counted.length + coverage.missing.length).toBe(4);
      return counted.length;
    };
    const reach = (count: number) =>
      until(`${count} hosts`, async () => ((await check()) === count ? true : undefined), 15_000);
    await reach(4);
    // In a chain everybody below the dead one hangs on it.
    await stop(host(1), "SIGKILL");
    expect(await check()).toBeLessThan(4);
    await reach(3);
    await start(host(1), ["--join", url(host(0))]);
    await reach(4);
  });
});

describe("what a roster refuses", () => {
  it("another agent of the same name, another roster's child, and a place by hand", async () => {
    await grow(2, 2);
    await start(host(2), []);
    const byHand = { type: "add leaf agent", agent_addr: name(host(1)) };
    const { status, value } = await network.post(host(2), JSON.stringify(byHand), "application/json");
    expect([status, value]).toMatchObject([409, { error: { code: "conflict" } }]);
    await stop(host(2), "SIGTERM");
    await start(host(2), ["--join", url(host(0)), "--name", name(host(1))]);
    await until("it says why", () =>
      /has the name/.test(agents.get(host(2))?.stderr() ?? "") ? true : undefined,
    );
    expect((await roster()).agents).toHaveLength(2);
  });

  it("two agents on one monitor, on a roster and by hand", async () => {
    network = new Network(2);
    agents = new Map();
    for (const one of [host(0), host(1)]) await network.startMonitor(one);
    await start(host(0), ["--root"]);
    await start(host(1), ["--join", url(host(0))]);
    await whole(2);
    const twin = await network.startAgent(host(1), ["--port", "8001", "--join", url(host(0)), ...state()]);
    await until("it says why", () => /counts by the same monitor/.test(twin.stderr()) || undefined);
    await twin.stop();
    const other = await network.startAgent(host(1), ["--port", "8002"]);
    await until("it listens", () => /"listening"/.test(other.stderr()) || undefined);
    const byHand = { type: "add leaf agent", agent_addr: `${host(1).address}:8002` };
    const { status, value } = await network.post(host(0), JSON.stringify(byHand), "application/json");
    expect(value).toMatchObject({
      error: { message: expect.stringContaining("counts by the same monitor") },
    });
    expect(status).toBe(409);
  });
});
