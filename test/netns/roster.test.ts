// Real agents on a roster: they join through anybody, are elsewhere within seconds when one above them dies, follow a
// standby when the root does, and a root that returns is none any more. No host is ever counted twice.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CountDetail, RosterAnswer, RosterStatus } from "../../controller-client/messages/index.js";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";

const url = (host: Host) => `http://${host.address}:8000`;
const name = (host: Host) => `${host.address}:8000`;

class RosterLab {
  readonly network: Network;
  readonly agents = new Map<Host, Running>();

  constructor(hosts: number) {
    this.network = new Network(hosts);
  }

  readonly host = (index: number): Host => this.network.host(index);

  state(): readonly string[] {
    return ["--state", join(this.network.lab.folder, "state")];
  }

  async start(at: Host, options: readonly string[]): Promise<void> {
    this.agents.set(at, await this.network.startAgent(at, [...options, ...this.state()]));
  }

  async stop(at: Host, signal: NodeJS.Signals): Promise<void> {
    await this.agents.get(at)?.stop(signal);
    this.agents.delete(at);
  }

  /** h1 the root, h2 a standby, all others below by the roster. They count nothing: they have no monitors. */
  async grow(count: number, fanOut: number): Promise<void> {
    const { host } = this;
    await this.start(host(0), ["--root", "--fan-out", `${fanOut}`]);
    for (let i = 1; i < count; i++) {
      // Through the root, or through another member.
      const through = url(host(i < 3 ? 0 : i - 1));
      const standby = i === 1 ? ["--standby"] : [];
      await this.start(host(i), ["--join", through, ...standby, "--label", `rack=r${i % 2}`]);
      await this.whole(i + 1);
    }
  }

  async roster(at = this.host(0)): Promise<RosterAnswer> {
    const message = { type: "query roster", detail: true, timeout_ms: 3000 };
    return (await this.network.ask(at, message)) as RosterAnswer;
  }

  /** Waits until exactly so many agents are up, and gives the milliseconds it took. */
  async whole(count: number, at = this.host(0), timeoutMs = 15_000): Promise<number> {
    const started = performance.now();
    await until(
      `${count} agents up`,
      async () => {
        const answer = await this.roster(at).catch(() => undefined);
        return answer?.agents.filter((agent) => agent.state === "up").length === count ? true : undefined;
      },
      timeoutMs,
    );
    return performance.now() - started;
  }

  async statusOf(at: Host): Promise<RosterStatus> {
    const status = await this.network.ask(at, { type: "query status" });
    return (status as { readonly roster: RosterStatus }).roster;
  }
}

/** A lab for each: they wait most of their time, so they wait side by side. */
const inLab = (hosts: number, act: (lab: RosterLab) => Promise<void>) => async () => {
  const lab = new RosterLab(hosts);
  await act(lab).finally(() => lab.network.close());
};

describe.concurrent("a roster of real agents", { timeout: 180_000 }, () => {
  it(
    "heals when an inner agent dies, takes it back, and lets one leave, be expelled and be renamed",
    inLab(7, async (lab) => {
      await lab.grow(7, 2);
      const { agents: members } = await lab.roster();
      expect(members.map(({ agent }) => agent).sort()).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((i) => name(lab.host(i))).sort(),
      );
      // Any member passes questions for the root on.
      expect((await lab.roster(lab.host(6))).agents).toHaveLength(7);
      const inner = members.find(
        ({ parent, agent }) => parent === name(lab.host(0)) && agent !== name(lab.host(1)),
      );
      const dead = lab.network.lab.hosts.find((one) => name(one) === inner?.agent) ?? lab.host(2);
      await lab.stop(dead, "SIGKILL");
      expect(await lab.whole(6)).toBeLessThan(10_000);
      expect((await lab.roster()).agents.find(({ agent }) => agent === name(dead))).toMatchObject({
        state: "down",
      });
      await lab.start(dead, ["--join", url(lab.host(0))]);
      await lab.whole(7);
      const children = members.filter(({ parent }) => parent === name(dead)).map(({ agent }) => agent);
      for (const child of lab.network.lab.hosts.filter((one) => children.includes(name(one)))) {
        await until("the children are back", async () =>
          (await lab.statusOf(child)).held_by === name(dead) ? true : undefined,
        );
      }
      await lab.stop(lab.host(6), "SIGTERM");
      await until("it has left", async () => ((await lab.roster()).agents.length === 6 ? true : undefined));
      expect(await lab.network.ask(lab.host(3), { type: "expel agent", agent: name(lab.host(5)) })).toMatch(
        /^ok/,
      );
      await until("it knows", async () =>
        (await lab.statusOf(lab.host(5))).role === "expelled" ? true : undefined,
      );
      expect(
        await lab.network.ask(lab.host(3), { type: "rename agent", agent: name(lab.host(4)), name: "web" }),
      ).toMatch(/^ok/);
      await until("it is up under its name", async () =>
        (await lab.roster()).agents.some((one) => one.agent === "web" && one.state === "up")
          ? true
          : undefined,
      );
      await lab.whole(5);
      expect((await lab.roster()).agents).toHaveLength(5);
    }),
  );

  it(
    "follows its standby when the root dies, and the root that returns follows too",
    inLab(6, async (lab) => {
      await lab.grow(6, 2);
      const standby = lab.host(1);
      await until(
        "the copy",
        async () => ((await lab.statusOf(standby)).uprooted_ms ?? 1e9) < 3000 || undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await lab.stop(lab.host(0), "SIGKILL");
      await until("a new root", async () =>
        (await lab.statusOf(standby)).role === "root" ? true : undefined,
      );
      await lab.whole(5, standby);
      expect(await lab.roster(standby)).toMatchObject({ tree_epoch: 2, root: name(standby) });
      await lab.start(lab.host(0), ["--root"]);
      await lab.whole(6, standby);
      expect(await lab.statusOf(lab.host(0))).toMatchObject({
        role: "member",
        tree_epoch: 2,
        root: name(standby),
      });
      expect((await lab.roster(lab.host(0))).root).toBe(name(standby));
    }),
  );
});

describe.concurrent("counts over a roster", { timeout: 180_000 }, () => {
  /** Pings to each host: 4^i, so that each base-4 digit of the sum tells how often that host is in it. */
  const digits = [1, 4, 16, 64];

  it(
    "never have a host twice, and are exact for those they list, while an inner agent dies and returns",
    inLab(4, async (lab) => {
      const hosts = [0, 1, 2, 3].map(lab.host);
      for (const one of hosts) await lab.network.startMonitor(one);
      for (const [i, one] of hosts.entries()) {
        await lab.start(one, i === 0 ? ["--root", "--fan-out", "1"] : ["--join", url(lab.host(0))]);
        await lab.whole(i + 1);
      }
      const sketch_id = await lab.network.count(lab.host(0), { proto: "icmp" }, { counter_key_type: "dst" });
      const controller = lab.network.lab.hosts.at(-1) ?? lab.host(0);
      for (const [i, one] of hosts.entries()) await lab.network.ping(controller, one.address, digits[i] ?? 0);
      const query = { type: "query sketch", sketch_id, counter_key_type: "dst", counter_key: "total" };
      const check = async () => {
        const { value, coverage } = (await lab.network.ask(lab.host(0), {
          ...query,
          detail: true,
        })) as CountDetail;
        const counted = hosts.filter((one) => coverage.answered?.includes(name(one)) === true);
        expect(value).toBe(counted.reduce((sum, one) => sum + (digits[hosts.indexOf(one)] ?? 0), 0));
        expect(coverage.expected).toBe(4);
        expect(counted.length + coverage.missing.length).toBe(4);
        return counted.length;
      };
      const reach = (count: number) =>
        until(`${count} hosts`, async () => ((await check()) === count ? true : undefined));
      await reach(4);
      // In a chain everybody below the dead one hangs on it.
      await lab.stop(lab.host(1), "SIGKILL");
      expect(await check()).toBeLessThan(4);
      await reach(3);
      await lab.start(lab.host(1), ["--join", url(lab.host(0))]);
      await reach(4);
    }),
  );
});

describe.concurrent("what a roster refuses", { timeout: 180_000 }, () => {
  it(
    "another agent of the same name, another roster's child, and a place by hand",
    inLab(2, async (lab) => {
      await lab.grow(2, 2);
      await lab.start(lab.host(2), []);
      const byHand = { type: "add leaf agent", agent_addr: name(lab.host(1)) };
      const { status, value } = await lab.network.post(
        lab.host(2),
        JSON.stringify(byHand),
        "application/json",
      );
      expect([status, value]).toMatchObject([409, { error: { code: "conflict" } }]);
      await lab.stop(lab.host(2), "SIGTERM");
      await lab.start(lab.host(2), ["--join", url(lab.host(0)), "--name", name(lab.host(1))]);
      await until("it says why", () =>
        /has the name/.test(lab.agents.get(lab.host(2))?.stderr() ?? "") ? true : undefined,
      );
      expect((await lab.roster()).agents).toHaveLength(2);
    }),
  );
});
