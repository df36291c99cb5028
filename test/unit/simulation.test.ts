// The simulator's judge: it must see what it is there to see.

import { describe, expect, it } from "vitest";
import type { Coverage } from "../../controller-client/messages/index.js";
import { Scenario } from "../simulation/scenario.js";
import { faultsOf } from "../simulation/verdict.js";

const names = ["a", "b", "c"];
const expectation = { names, budgetMs: 100, tookMs: 90 };
const whole: Coverage = { expected: 3, answered: ["a", "c", "b"], missing: [], complete: true };
const lacking = (...hosts: string[]): Coverage => ({
  expected: 3,
  answered: names.filter((name) => !hosts.includes(name)),
  missing: hosts.map((host) => ({ host, reason: "timeout" as const })),
  complete: hosts.length === 0,
});
const faults = (sum: number, coverage: Coverage) => faultsOf({ value: [sum, sum], coverage }, expectation);

describe("an answer is judged", () => {
  it("right when each host in it counts once and the others are named", () => {
    expect(faults(0b010101, whole)).toEqual([]);
    expect(faults(0b010001, lacking("b"))).toEqual([]);
  });

  it("wrong when a host counts twice, or is claimed and not in it, or is in it and not claimed", () => {
    expect(faults(0b011001, whole)).toEqual(["b is 2 times in the sum and 1 times in answered"]);
    expect(faults(0b010001, whole)).toEqual(["b is 0 times in the sum and 1 times in answered"]);
    expect(faults(0b010101, lacking("b"))).toEqual(["b is 1 times in the sum and 0 times in answered"]);
    expect(faults(0b1010101, whole)).toHaveLength(1);
  });

  it("wrong when its coverage contradicts itself", () => {
    expect(faults(0b010001, { ...lacking("b"), complete: true })).toHaveLength(1);
    expect(faults(0b010001, { ...lacking("b"), expected: 2 })).toHaveLength(1);
    expect(faults(0b010101, { ...whole, missing: [{ host: "a", reason: "timeout" }] })).not.toEqual([]);
    expect(faults(0b010001, { ...lacking("b"), answered: ["a", "c", "x"] })).not.toEqual([]);
  });

  it("wrong when it comes late", () => {
    expect(faultsOf({ value: [21, 21], coverage: whole }, { ...expectation, tookMs: 120 })).toHaveLength(1);
  });
});

describe("a run", () => {
  // With a roster and without, as chance has it.
  it.each([1, 2, 3, 4])("is the same for the same seed, to the last word: %i", async (seed) => {
    const run = async () => {
      const told: string[] = [];
      return [await new Scenario(seed, (line) => told.push(line)).run(), told];
    };
    expect(await run()).toEqual(await run());
  });
});
