// A subtree's answer: right for exactly the hosts it lists, by its deadline, whatever the children do.

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type Frame, TallyError } from "../../controller-client/messages/index.js";
import { expectHonest, type Fault, Grove, reasons, star } from "./overlay-grove.js";

describe("a question to a tree", () => {
  it("adds up every host once", async () => {
    const grove = await star(5);
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(gathered.hosts).toHaveLength(6);
    expect(gathered.missing).toEqual([]);
  });

  it("answers by its own deadline when a child hangs, and lists it with the time it was last seen", async () => {
    const grove = await star(3);
    grove.node(2).fault = { kind: "hung" };
    const started = performance.now();
    const gathered = await grove.ask(0, 200);
    expect(performance.now() - started).toBeLessThan(250);
    expectHonest(grove, gathered);
    expect(gathered.missing).toMatchObject([
      { host: grove.node(2).name, reason: "timeout", last_seen: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
  });

  it("keeps the deadline with one hung agent a level, and loses nobody else", async () => {
    const grove = new Grove(11);
    for (let level = 0; level < 5; level++) {
      await grove.link(level === 0 ? 0 : 2 * level - 1, 2 * level + 1);
      await grove.link(level === 0 ? 0 : 2 * level - 1, 2 * level + 2);
    }
    await grove.ask(0, 1000);
    for (let level = 0; level < 5; level++) grove.node(2 * level + 2).fault = { kind: "hung" };
    const started = performance.now();
    const gathered = await grove.ask(0, 500);
    expect(performance.now() - started).toBeLessThan(550);
    expectHonest(grove, gathered);
    expect(gathered.hosts).toHaveLength(6);
    expect(new Set(Object.values(reasons(gathered)))).toEqual(new Set(["timeout"]));
  });

  it("lists the whole subtree below a dead agent", async () => {
    const grove = new Grove(5);
    for (const [parent, child] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 4],
    ] as const)
      await grove.link(parent, child);
    await grove.ask(0);
    grove.node(1).fault = { kind: "dead" };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    const [, one, two, three] = grove.nodes.map(({ name }) => name);
    expect(reasons(gathered)).toEqual({
      [one ?? ""]: "refused",
      [two ?? ""]: "refused",
      [three ?? ""]: "refused",
    });
    expect(gathered.missing.find(({ host }) => host === three)?.message).toMatch(/^below /);
  });

  it("goes on expecting a host that its restarted parent has forgotten", async () => {
    const grove = new Grove(3);
    await grove.link(0, 1);
    await grove.link(1, 2);
    await grove.ask(0);
    const fresh = new Grove(3).node(1);
    grove.nodes[1] = { ...grove.node(1), tree: fresh.tree };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(2).name]: "error" });
  });

  it("drops late replies and keeps them out of the next question", async () => {
    const grove = await star(2);
    grove.node(1).fault = { kind: "late", ms: 260 };
    const first = await grove.ask(0, 200);
    grove.node(1).fault = { kind: "hung" };
    const second = await grove.ask(0, 150);
    for (const gathered of [first, second]) {
      expectHonest(grove, gathered);
      expect(reasons(gathered)).toEqual({ [grove.node(1).name]: "timeout" });
    }
  });

  it("serves the children of an agent whose monitor is down or hangs", async () => {
    for (const [kind, reason] of [
      ["monitor down", "monitor_down"],
      ["monitor hung", "timeout"],
    ] as const) {
      const grove = new Grove(3);
      await grove.link(0, 1);
      await grove.link(1, 2);
      grove.node(1).fault = { kind };
      const gathered = await grove.ask(0, 200);
      expectHonest(grove, gathered);
      expect(gathered.hosts).toEqual([grove.node(0).name, grove.node(2).name]);
      expect(reasons(gathered)).toEqual({ [grove.node(1).name]: reason });
    }
  });

  it("says why when no host at all answers", async () => {
    const grove = await star(1);
    grove.node(0).fault = { kind: "monitor down" };
    grove.node(1).fault = { kind: "dead" };
    const { hosts, payload, error } = await grove.ask(0);
    expect([hosts, payload]).toEqual([[], undefined]);
    expect(error).toMatchObject({ code: "monitor_down" });
  });

  it("keeps the answers of sixty questions at once apart", async () => {
    const grove = await star(6);
    grove.node(3).fault = { kind: "late", ms: 3 };
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, i) => grove.ask(0, i % 2 === 0 ? 30 : 3000)),
    );
    for (const gathered of all) expectHonest(grove, gathered);
    expect(all.filter(({ missing }) => missing.length === 0).length).toBeGreaterThanOrEqual(30);
  });

  it("asks a child one question at a time, and says overload when too many wait", async () => {
    const grove = await star(2);
    const { heard } = grove.node(1);
    heard.length = 0;
    grove.node(1).fault = { kind: "late", ms: 100 };
    const first = Array.from({ length: 80 }, () => grove.ask(0, 60));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard).toHaveLength(1);
    const all = await Promise.all(first);
    for (const gathered of all) expectHonest(grove, gathered);
    const told = all.map((gathered) => reasons(gathered)[grove.node(1).name]);
    expect(told.filter((reason) => reason === "overload").length).toBeGreaterThan(70);
    expect(all.every(({ hosts }) => hosts.includes(grove.node(0).name))).toBe(true);
  });

  it("rests a child that keeps failing, goes on expecting it, and takes it back", async () => {
    const grove = await star(2);
    const { heard } = grove.node(1);
    grove.node(1).fault = { kind: "hung" };
    for (let i = 0; i < 3; i++) await grove.ask(0, 50);
    heard.length = 0;
    const started = performance.now();
    const resting = await grove.ask(0, 1000);
    expect(performance.now() - started).toBeLessThan(500);
    expectHonest(grove, resting);
    expect(resting.missing).toMatchObject([
      { host: grove.node(1).name, reason: "timeout", message: expect.stringMatching(/keeps failing/) },
    ]);
    expect(heard).toEqual([]);
    grove.node(1).fault = { kind: "none" };
    await vi.waitFor(async () => expect((await grove.ask(0, 50)).missing).toEqual([]), { timeout: 4000 });
  });

  it("adds up in one order, whoever is faster", async () => {
    const orders = new Set<string>();
    for (const slow of [1, 2, 3, 4]) {
      const grove = await star(4);
      grove.node(slow).fault = { kind: "late", ms: 20 };
      orders.add((await grove.ask(0)).hosts.join(" "));
    }
    expect(orders.size).toBe(1);
  });

  it("names hosts to a parent only when something changed", async () => {
    const grove = new Grove(4);
    for (const [parent, child] of [
      [0, 1],
      [1, 2],
      [1, 3],
    ] as const)
      await grove.link(parent, child);
    const heads: Readonly<Record<string, unknown>>[] = [];
    const listen = (honest: Frame) => {
      heads.push(honest.head);
      return honest;
    };
    grove.node(1).fault = { kind: "rubbish", reply: listen };
    for (let i = 0; i < 2; i++) expectHonest(grove, await grove.ask(0));
    grove.node(3).fault = { kind: "dead" };
    const without = await grove.ask(0);
    expectHonest(grove, without);
    expect(without.missing).toMatchObject([{ host: grove.node(3).name }]);
    const [, ...later] = heads.map(({ hosts }) => hosts);
    expect(later).toEqual([undefined, undefined]);
  });
});

describe("trees of any shape", () => {
  const faults: readonly Fault[] = [
    { kind: "dead" },
    { kind: "monitor down" },
    { kind: "rubbish", reply: () => "rubbish" },
    { kind: "says", error: new TallyError("internal", "oh") },
  ];

  it("are honest about every host, whoever fails", async () => {
    const shape = fc.record({
      parents: fc.array(fc.nat(), { minLength: 1, maxLength: 11 }),
      failing: fc.dictionary(fc.constantFrom(..."0123456789".split("")), fc.nat(faults.length - 1), {
        maxKeys: 4,
      }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ parents, failing }) => {
        const grove = new Grove(parents.length + 1);
        for (const [i, parent] of parents.entries()) await grove.link(parent % (i + 1), i + 1);
        expect((await grove.ask(0, 1000)).hosts).toHaveLength(grove.nodes.length);
        for (const [index, fault] of Object.entries(failing)) {
          const node = grove.nodes[Number(index) + 1];
          if (node !== undefined) node.fault = faults[fault] ?? { kind: "dead" };
        }
        const gathered = await grove.ask(0, 1000);
        expectHonest(grove, gathered);
        expect(gathered.hosts.length + gathered.missing.length).toBe(grove.nodes.length);
        expect([...gathered.hosts].sort()).toEqual(reachable(grove, parents));
      }),
      { numRuns: 60 },
    );
  });

  it("never count a host twice when links cross", async () => {
    const edges = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 4, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(edges, async (links) => {
        const grove = new Grove(7);
        for (const [parent, child] of links) await grove.link(parent, child).catch(() => undefined);
        for (const { index } of grove.nodes) expectHonest(grove, await grove.ask(index, 1000));
      }),
      { numRuns: 40 },
    );
  });
});

/** Names of the hosts that must have answered: they count, and nobody on the way to them is silent. */
function reachable(grove: Grove, parents: readonly number[]): readonly string[] {
  const parentOf = (index: number) => (parents[index - 1] ?? 0) % index;
  const speaks = (index: number): boolean =>
    ["none", "monitor down"].includes(grove.node(index).fault.kind) &&
    (index === 0 || speaks(parentOf(index)));
  const counting = grove.nodes.filter(({ index, fault }) => fault.kind === "none" && speaks(index));
  return counting.map(({ name }) => name).sort();
}
