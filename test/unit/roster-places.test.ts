// Places of a roster: a tree whatever comes and goes, with backups that are of use.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { levelOf, shared } from "../../overlay/roster/places.js";
import { type Newcomer, Roster } from "../../overlay/roster/roster.js";

const newcomer = (number: number, rack?: string, standby = false): Newcomer => ({
  name: `h${number}`,
  addr: `10.0.${number >> 8}.${number & 255}:8000`,
  incarnation: number,
  labels: rack === undefined ? {} : { rack },
  standby,
});

const begin = (fanOut: number, rack?: string) => Roster.begin("r", fanOut, newcomer(0, rack));

type Change =
  | { readonly kind: "join"; readonly rack: string; readonly standby: boolean }
  | { readonly kind: "remove" | "take over"; readonly pick: number };

const changes = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("join" as const),
        rack: fc.constantFrom("a", "b", "c"),
        standby: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("remove" as const, "take over" as const),
        pick: fc.nat(),
      }),
    },
  ),
  { maxLength: 120 },
);

/** Carries out changes as a network would bring them about. */
function grown(fanOut: number, list: readonly Change[]): Roster {
  const roster = begin(fanOut, "a");
  for (const [i, change] of list.entries()) {
    const members = roster.list();
    if (change.kind === "join") roster.join(newcomer(i + 1, change.rack, change.standby));
    else {
      const member = members[change.pick % members.length];
      if (member === undefined || member.slot === 0) continue;
      if (change.kind === "remove") roster.remove(member.name);
      else roster.takeOver(member.name, roster.epoch);
    }
  }
  return roster;
}

const names = (members: readonly { readonly name: string }[]) => members.map(({ name }) => name);

describe("places", () => {
  it("make one tree of everybody, at most fan-out wide and as flat as can be, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), changes, (fanOut, list) => {
        const roster = grown(fanOut, list);
        const parents = roster.parents();
        for (const member of roster.list()) {
          const parent = parents.get(member.name);
          expect(parent === undefined).toBe(member.slot === 0);
          expect((roster.get(parent ?? "")?.slot ?? -1) < member.slot).toBe(true);
        }
        const widths = new Map<string, number>();
        for (const parent of parents.values()) if (parent) widths.set(parent, (widths.get(parent) ?? 0) + 1);
        expect(Math.max(0, ...widths.values())).toBeLessThanOrEqual(fanOut);
        const deepest = levelOf(roster.list().at(-1)?.slot ?? 0, fanOut).first;
        expect(roster.list().filter(({ slot }) => slot < deepest)).toHaveLength(deepest);
      }),
    );
  });

  it("give backups that are neither the member, nor its parent, nor below it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), changes, (fanOut, list) => {
        const roster = grown(fanOut, list);
        for (const member of roster.list()) {
          const { parent, backups } = roster.placeOf(member);
          expect(new Set(names(backups)).size).toBe(backups.length);
          expect(names(backups)).not.toContain(member.name);
          expect(names(backups)).not.toContain(parent?.name);
          const isBelowRoot = parent?.slot === 0;
          expect(backups.every(({ slot, standby }) => (isBelowRoot ? standby : slot < member.slot))).toBe(
            true,
          );
          if (parent !== undefined && !isBelowRoot) expect(backups.length).toBe(2);
        }
      }),
    );
  });

  it("move nobody when one joins, and one leaf at most when one goes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), changes, fc.nat(), (fanOut, list, pick) => {
        const roster = grown(fanOut, list);
        const before = roster.list();
        roster.join(newcomer(5000, "b"));
        for (const { name, slot } of before) expect(roster.get(name)?.slot).toBe(slot);
        const member = before[pick % before.length];
        if (member === undefined || member.slot === 0) return;
        const slots = new Map(roster.list().map(({ name, slot }) => [name, slot]));
        roster.remove(member.name);
        expect(roster.list().filter(({ name, slot }) => slots.get(name) !== slot).length).toBeLessThanOrEqual(
          1,
        );
      }),
    );
  });

  it("keep a rack together, and its backups out of it", () => {
    const roster = begin(4);
    for (let i = 1; i <= 4; i++) roster.join(newcomer(i, `rack${i % 2}`));
    for (let i = 5; i <= 20; i++) roster.join(newcomer(i, `rack${i % 2}`));
    for (const member of roster.list().filter(({ slot }) => slot > 4)) {
      const { parent, backups } = roster.placeOf(member);
      expect(shared(member.labels, parent?.labels ?? {})).toBe(1);
      expect(shared(backups[0]?.labels ?? {}, parent?.labels ?? {})).toBe(0);
    }
  });

  it("spread the children of one that dies over several others", () => {
    const roster = begin(4);
    for (let i = 1; i <= 20; i++) roster.join(newcomer(i));
    const orphans = roster.list().filter((member) => roster.placeOf(member).parent?.slot === 1);
    expect(new Set(orphans.map((member) => roster.placeOf(member).backups[0]?.name)).size).toBe(3);
  });

  it("of two thousand members are three levels deep", () => {
    const roster = begin(32);
    for (let i = 1; i < 2000; i++) roster.join(newcomer(i));
    expect(levelOf(roster.list().at(-1)?.slot ?? 0, 32).depth).toBe(3);
    expect(roster.size).toBe(2000);
  });
});

describe("a roster", () => {
  it("is the same after it was written down and read again", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const record = grown(3, list).record();
        expect(new Roster(JSON.parse(JSON.stringify(record))).record()).toEqual(record);
      }),
    );
  });

  it("knows an agent again by its address, and keeps its place under another name", () => {
    const roster = begin(2);
    roster.join(newcomer(1));
    const { slot } = roster.join({ ...newcomer(1), name: "web", incarnation: 9 });
    expect(roster.list().map(({ name }) => name)).toEqual(["h0", "web"]);
    expect(slot).toBe(1);
  });

  it("keeps the name it gave while the agent does not know it yet", () => {
    const roster = begin(2);
    roster.join(newcomer(1));
    roster.rename("h1", "web");
    expect(roster.join(newcomer(1)).name).toBe("web");
    expect(roster.size).toBe(2);
  });

  it("does not let in again the incarnation that it was rid of, but a newer one", () => {
    const roster = begin(2);
    roster.join(newcomer(1));
    roster.remove("h1");
    expect(() => roster.join(newcomer(1))).toThrow(/taken off/);
    expect(roster.join({ ...newcomer(1), incarnation: 2 }).slot).toBe(1);
  });

  it("sees rivals by name, address and monitor", () => {
    const roster = begin(2);
    roster.join({ ...newcomer(1), monitor: "m1" });
    const found = (changed: Partial<Newcomer>) => names(roster.rivals({ ...newcomer(7), ...changed }));
    expect(found({})).toEqual([]);
    expect(found({ name: "h1" })).toEqual(["h1"]);
    expect(found({ addr: "10.0.0.1:8000" })).toEqual(["h1"]);
    expect(found({ monitor: "m1" })).toEqual(["h1"]);
  });

  it("refuses to lose its root, and names it does not have", () => {
    const roster = begin(2);
    expect(() => roster.remove("h0")).toThrow(/standby/);
    expect(() => roster.remove("h9")).toThrow(/query roster/);
    expect(() => roster.rename("h9", "x")).toThrow(/no agent h9/);
  });

  it("passes to a standby with a higher epoch; the old root becomes a leaf", () => {
    const roster = begin(2);
    for (let i = 1; i <= 9; i++) roster.join(newcomer(i, "a", i === 4));
    roster.takeOver("h4", 7);
    expect([roster.epoch, roster.root?.name, roster.size]).toEqual([8, "h4", 10]);
    const old = roster.get("h0");
    expect([...roster.parents().values()]).not.toContain("h0");
    expect(old?.slot).toBeGreaterThan(0);
  });
});
