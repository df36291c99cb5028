// Which hosts of an answer do not have the configuration yet that is wanted of them.

import { describe, expect, it } from "vitest";
import type { Coverage, HostBehind, Request } from "../../controller-client/messages/index.js";
import { behindBelow, type Configured, comparison, hostsBehind } from "../../overlay/behind.js";
import type { Child } from "../../overlay/children.js";
import { Chance } from "../simulation/chance.js";
import { addressOf, type Belonging, SimulatedHost } from "../simulation/simulated-host.js";
import { SimulatedNetwork } from "../simulation/simulated-network.js";
import { SimulatedTime } from "../simulation/simulated-time.js";
import { Grove } from "./overlay-grove.js";

describe("a child by the roster", () => {
  const lease = { agent: "a", incarnation: 1, hold: "parent", revision: 0, until: 0 } as const;
  const child: Child = { address: addressOf(0), state: "up", lease };
  const comparing = (configured: () => Configured) => comparison(configured, () => false);
  const lag = (taken: Configured | undefined, revision = 5) =>
    comparing(() => ({ revision, hash: "wanted" }))(child, taken);

  it("is behind while its configuration has another hash, by the revisions between", () => {
    expect(lag({ revision: 3, hash: "older" })).toEqual({ lacks: true, revisions: 2 });
  });

  it("is not when it was told what is wanted before it heard the revision, nor when nothing is known", () => {
    expect(lag({ revision: 3, hash: "wanted" })).toEqual({ lacks: false, revisions: 2 });
    expect(lag(undefined)).toEqual({ lacks: false });
    expect(lag({ revision: 3, hash: "older" }, 0).lacks).toBe(false);
  });

  it("is compared with what is wanted when it answers", () => {
    let hash = "before";
    const compare = comparing(() => ({ revision: 1, hash }));
    expect(compare(child, { revision: 1, hash: "before" }).lacks).toBe(false);
    hash = "after";
    expect(compare(child, { revision: 1, hash: "after" }).lacks).toBe(false);
    expect(compare(child, { revision: 0, hash: "before" })).toEqual({ lacks: true, revisions: 1 });
  });
});

describe("those below a child", () => {
  const below: readonly HostBehind[] = [
    { host: "b", revisions: 1 },
    { host: "foreign", revisions: 9 },
    { host: "a", revisions: 9 },
  ];

  it("are behind what it wants, and only its own are named", () => {
    expect(behindBelow({ lacks: false, revisions: 2 }, "a", below, ["a", "b", "c"])).toEqual([
      { host: "b", revisions: 3 },
    ]);
  });

  it("are behind by what it is behind itself, too", () => {
    expect(behindBelow({ lacks: true, revisions: 2 }, "a", below, ["a", "b", "c"])).toEqual([
      { host: "a", revisions: 2 },
      { host: "b", revisions: 3 },
      { host: "c", revisions: 2 },
    ]);
    expect(behindBelow({ lacks: true }, "a", below, ["a", "b"])).toEqual([{ host: "a" }, { host: "b" }]);
  });

  it("are told without a number that says nothing", () => {
    const revisions = [2, 0, -1].map((revisions) => ({ host: "a", revisions }));
    expect(hostsBehind(revisions)).toEqual([{ host: "a", revisions: 2 }, { host: "a" }, { host: "a" }]);
  });
});

const config: Request = {
  type: "config sketch",
  interface: "INPUT",
  uuid: "11111111-1111-4111-8111-111111111111",
  secret: "00".repeat(16),
  timeout_ms: 1000,
};

it("in a tree made by hand is a child that was away during a change, with those below it, until it was told", async () => {
  const grove = new Grove(3);
  await grove.link(1, 2);
  await grove.link(0, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await grove.ask(0)).behind).toEqual([]);
  grove.node(1).fault = { kind: "dead" };
  grove.wanted = [config];
  await grove.node(0).tree.tell(config, { budgetMs: 100 });
  grove.node(1).fault = { kind: "none" };
  const hosts = [1, 2].map((index) => ({ host: grove.node(index).name }));
  expect(await grove.ask(0)).toMatchObject({ behind: hosts, missing: [] });
  // It has been sent everything when it was added, and is not again within a second.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await grove.node(0).tree.tend(300);
  expect((await grove.ask(0)).behind).toEqual([]);
});

/** A root, `second` below it and `third` below that, in calm air. */
async function line(time: SimulatedTime, network: SimulatedNetwork, chance: Chance) {
  const world = { time, network, chance, trace: () => undefined };
  const places: readonly Belonging[] = [
    { kind: "first of a roster", fanOut: 1 },
    { kind: "roster", seeds: [addressOf(0)], standby: false },
    { kind: "roster", seeds: [addressOf(0)], standby: false },
  ];
  const hosts = places.map((membership, index) => new SimulatedHost(world, { index, membership, ahead: 0 }));
  for (const host of hosts) {
    host.start();
    await time.pause(3000);
  }
  return hosts as [SimulatedHost, SimulatedHost, SimulatedHost];
}

const rule = { src: "10.0.0.0/8" };

it("by the roster are those that a change did not reach, until two heartbeats later", async () => {
  const [time, chance] = [new SimulatedTime(), new Chance(7)];
  const network = new SimulatedNetwork(time, chance);
  const story = async () => {
    const [root, second, third] = await line(time, network, chance);
    const coverage = async () => {
      const answer = await root.ask({ type: "query counter", ...rule, detail: true });
      return (answer as { readonly coverage: Coverage }).coverage;
    };
    const change = () => root.ask({ type: "config sketch", timeout_ms: 200 });
    const missed = async (lost: SimulatedHost) => {
      network.split([lost.name], 1);
      await change();
      await change();
      network.heal();
    };
    await root.ask({ type: "config counter", ...rule });
    // All have it, though none has heard the revision yet.
    expect(await coverage()).not.toHaveProperty("revision_behind");
    await time.pause(4100);
    await missed(third);
    const late = [{ host: third.name, revisions: 2 }];
    expect(await coverage()).toMatchObject({ expected: 3, complete: true, revision_behind: late });
    await time.pause(4100);
    expect(await coverage()).not.toHaveProperty("revision_behind");
    await missed(second);
    const both = [second, third].map(({ name }) => ({ host: name, revisions: 2 }));
    expect(await coverage()).toMatchObject({ expected: 3, complete: true, revision_behind: both });
    await time.pause(4100);
    expect(await coverage()).not.toHaveProperty("revision_behind");
  };
  await time.run(story());
});
