// Real agents that are killed, stopped, restarted and cut off while the root is asked: every answer is right for exactly
// the hosts it lists.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Station } from "../lab-network.js";
import { Chance } from "../simulation/chance.js";
import { DigitTree, type Form, forms, standbys } from "./digit-tree.js";

const isLong = process.env.TALLYTREE_LONG === "1";
const agents = isLong ? 50 : 8;
const questions = isLong ? 1000 : 40;
const budgetMs = 800;
const pauseMs = 150;
/** On machines with fewer cores than agents, an answer may come that much after its deadline. */
const lateMs = isLong ? 10_000 : 5000;
/** Agents are away for so long at most; with a roster long enough for those below them to go elsewhere. */
const troubleMs = { http: 2500, nats: 2500, roster: 6000 };
/** A root that is away for so long is replaced. */
const dethronedMs = 25_000;

let tree: DigitTree;

/** Every second an agent other than those that are or may become the root is harmed, and mended soon after. */
class Storm {
  readonly #chance: Chance;
  readonly #inTrouble = new Set<number>();
  readonly #troubles: Promise<void>[] = [];
  readonly #running: Promise<void>;
  #isOver = false;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#running = this.#rage();
  }

  /** Resolves when all are mended; rejects when one could not be. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await Promise.all(this.#troubles);
  }

  /** An agent is in trouble, and in no other, until the promise settles. */
  strike(index: number, trouble: () => Promise<void>): void {
    this.#inTrouble.add(index);
    const struck = trouble().finally(() => this.#inTrouble.delete(index));
    struck.catch(() => undefined);
    this.#troubles.push(struck);
  }

  /** Resolves when none of these agents is in trouble. */
  async mended(indices: readonly number[]): Promise<void> {
    while (indices.some((index) => this.#inTrouble.has(index))) await sleep(20);
  }

  async #rage(): Promise<void> {
    for (; !this.#isOver; await sleep(1000)) {
      const index = this.#chance.below(agents);
      if (tree.heirs.includes(index) || this.#inTrouble.has(index)) continue;
      this.strike(index, () => harm(index, this.#chance));
    }
  }
}

async function harm(index: number, chance: Chance): Promise<void> {
  const station = tree.stations[index] as Station;
  const ms = chance.between(200, troubleMs[tree.form]);
  await chance.pick([
    () => tree.restart(index, "SIGKILL", ms),
    () => tree.restart(index, "SIGTERM", 0),
    () => halt(station, ms),
    () => cutOff(station, ms),
  ])();
}

async function halt({ agent }: Station, ms: number): Promise<void> {
  process.kill(agent.pid, "SIGSTOP");
  await sleep(ms);
  process.kill(agent.pid, "SIGCONT");
}

async function cutOff({ host }: Station, ms: number): Promise<void> {
  const set = (state: "up" | "down") => tree.network.lab.must(host, "ip", "link", "set", "eth0", state);
  await set("down");
  await sleep(ms);
  await set("up");
}

/** The root of a roster dies; the standbys are asked from then on, also before one of them reigns. */
async function dethrone(storm: Storm): Promise<void> {
  await storm.mended([0, ...standbys]);
  tree.heirs = standbys;
  tree.asked = standbys[0] as number;
  storm.strike(0, () => tree.restart(0, "SIGKILL", dethronedMs));
}

type Outcome = "whole" | "partial" | "none";

async function question(hint: string): Promise<Outcome> {
  const ofAll = await tree.followRoot();
  const started = performance.now();
  const answer = await tree.ask();
  expect(performance.now() - started, hint).toBeLessThan(budgetMs + lateMs);
  if (answer === undefined) return "none";
  expect(tree.faultsOf(answer, ofAll), hint).toEqual([]);
  return answer.coverage.complete ? "whole" : "partial";
}

async function weather(form: Form, storm: Storm, hint: string): Promise<Readonly<Record<Outcome, number>>> {
  const outcomes = { whole: 0, partial: 0, none: 0 };
  for (let i = 0; i < questions; i++) {
    if (isLong && form === "roster" && i === questions / 2) await dethrone(storm);
    outcomes[await question(`${hint}, question ${i}`)] += 1;
    await sleep(pauseMs);
  }
  return outcomes;
}

describe.each(forms)(`${agents} agents (%s), one in trouble every second`, (form) => {
  beforeEach(async () => {
    tree = new DigitTree(form, agents, budgetMs);
    await tree.grow();
  }, 900_000);
  afterEach(() => tree.close(), 60_000);

  it(
    `answers ${questions} questions right for exactly the hosts it claims, and is whole again after`,
    async () => {
      const seed = Date.now() % 1_000_000;
      const storm = new Storm(new Chance(seed));
      const { partial, none } = await weather(form, storm, `seed ${seed}`).catch(async (fault) => {
        await storm.end().catch(() => undefined);
        throw fault;
      });
      await storm.end();
      expect(partial).toBeGreaterThan(0);
      expect(none).toBeLessThan(questions / 10);
      expect(tree.faultsOf(await tree.becomeWhole())).toEqual([]);
      if (!isLong || form !== "roster") return;
      expect(tree.moves()).toBeGreaterThan(0);
      expect(await tree.followRoot()).toBe(true);
    },
    isLong ? 1_800_000 : 120_000,
  );
});
