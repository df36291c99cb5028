// A subtree's answer: right for exactly the hosts it lists, by its deadline, whatever the children do.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Frame, TallyError } from "../../controller-client/messages/index.js";
import type { Gathered } from "../../overlay/index.js";
import { type Fault, Grove } from "./overlay-grove.js";

/** The promise of every answer: each host listed is in the sum once, each other one not at all, and none forgotten. */
function expectHonest(grove: Grove, { hosts, missing, payload = 0n }: Gathered<bigint>): void {
  const answered = new Set(hosts);
  expect(grove.digits(payload)).toEqual(grove.nodes.map(({ name }) => (answered.has(name) ? 1 : 0)));
  expect(missing.filter(({ host }) => answered.has(host))).toEqual([]);
  const listed = [...hosts, ...missing.map(({ host }) => host)];
  expect(new Set(listed).size).toBe(listed.length);
}

const reasons = ({ missing }: Gathered<bigint>) =>
  Object.fromEntries(missing.map(({ host, reason }) => [host, reason]));

async function star(children: number): Promise<Grove> {
  const grove = new Grove(children + 1);
  for (let child = 1; child <= children; child++) await grove.link(0, child);
  return grove;
}

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

  it("keeps the answers of a hundred questions at once apart", async () => {
    const grove = await star(6);
    grove.node(3).fault = { kind: "late", ms: 40 };
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, i) => grove.ask(0, i % 2 === 0 ? 30 : 400)),
    );
    for (const gathered of all) expectHonest(grove, gathered);
    expect(all.filter(({ missing }) => missing.length === 0).length).toBeGreaterThanOrEqual(50);
  });
});

const head = (change: (head: Record<string, unknown>) => void) => (frame: Frame) => {
  const copy = structuredClone(frame.head) as Record<string, unknown>;
  change(copy);
  return { head: copy, body: frame.body };
};

const rubbish: readonly (readonly [string, (frame: Frame) => unknown])[] = [
  ["nothing", () => undefined],
  ["text", () => "hello"],
  ["a head of null", () => ({ head: null, body: new Uint8Array() })],
  ["no hosts", head((it) => delete it.hosts)],
  ["hosts that are numbers", head((it) => Object.assign(it, { hosts: [1, 2] }))],
  ["a host twice", head((it) => Object.assign(it, { hosts: [it.name, it.name] }))],
  [
    "a host both here and missing",
    head((it) => Object.assign(it, { missing: [{ host: it.name, reason: "error" }] })),
  ],
  ["somebody else only", head((it) => Object.assign(it, { hosts: ["10.9.9.9:8000"] }))],
  ["its parent", head((it) => Object.assign(it, { hosts: [it.name, "10.0.0.0:8000"] }))],
  ["a name with a line break", head((it) => Object.assign(it, { name: "a\nb", hosts: ["a\nb"] }))],
  [
    "too many hosts",
    head((it) => Object.assign(it, { hosts: Array.from({ length: 70_000 }, (_, i) => `h${i}`) })),
  ],
  ["a reason that is none", head((it) => Object.assign(it, { missing: [{ host: "x", reason: "bored" }] }))],
  ["a negative sum", head((it) => Object.assign(it, { sum: "-5" }))],
  ["a sum that is NaN", head((it) => Object.assign(it, { sum: Number.NaN }))],
  ["no sum", head((it) => delete it.sum)],
  ["a negative loss", head((it) => Object.assign(it, { loss: { ...(it.loss as object), seen: -1 } }))],
  [
    "a loss of 1.5",
    head((it) => Object.assign(it, { loss: { ...(it.loss as object), lost: { ring: 1.5 } } })),
  ],
];

describe("a child that answers rubbish", () => {
  it.each(rubbish)("%s: it is missing, the others are right", async (_, reply) => {
    const grove = await star(3);
    grove.node(2).fault = { kind: "rubbish", reply };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(2).name]: "bad_reply" });
  });

  it.each([
    ["incompatible", "bad_reply"],
    ["not_found", "no_sketch"],
    ["unavailable", "refused"],
    ["tap", "error"],
  ] as const)("says %s: it is missing as %s", async (code, reason) => {
    const grove = await star(2);
    grove.node(1).fault = { kind: "says", error: new TallyError(code, "x".repeat(9000)) };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(1).name]: reason });
    expect(gathered.missing[0]?.message?.length).toBeLessThan(400);
  });

  it("claims its sibling's host: the sibling speaks for itself, the claim is a conflict", async () => {
    const grove = await star(3);
    const claims = [1, 2, 3].map((index) => grove.node(index).name);
    grove.node(2).fault = { kind: "rubbish", reply: head((it) => Object.assign(it, { hosts: claims })) };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(2).name]: "conflict" });
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
