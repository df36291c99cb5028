// Real agents that are killed, stopped, restarted and cut off while the root is asked: every answer is right for exactly
// the hosts it lists. Each host has sent packets from its own address only, so each key of the sum tells how often its
// host is in it.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Coverage } from "../../controller-client/messages/index.js";
import { until } from "../lab.js";
import { Network, port, type Station } from "../lab-network.js";
import { Chance } from "../simulation/chance.js";

const isLong = process.env.TALLYTREE_LONG === "1";
const agents = isLong ? 50 : 8;
const questions = isLong ? 1000 : 40;
const fanOut = 3;
const packets = 3;
const budgetMs = 800;
const pauseMs = 150;
/** On machines with fewer cores than agents, an answer may come that much after its deadline. */
const lateMs = 2000;

interface Answer {
  readonly value: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
}

let network: Network;
let stations: Station[];
let id: number;
let transport: string;

const nameOf = ({ host }: Station) => `${host.address}:${port}`;

async function grow(over: "http" | "nats"): Promise<void> {
  network = new Network(agents);
  transport = over === "nats" ? await network.startNats() : over;
  stations = [];
  for (let i = 0; i < agents; i++)
    stations.push(await network.start(network.host(i), { transport, ...parentOf(i) }));
  const [root] = stations as [Station];
  id = await network.count(root.host, { interface: "OUTPUT", proto: "udp", dport: 9 });
  await until("the whole tree", isWhole, 60_000);
  const controller = network.host(agents);
  for (const { host } of stations)
    await network.udp(host, { to: controller.address, dport: 9, count: packets });
}

afterEach(() => network?.close(), 60_000);

const parentOf = (index: number) =>
  index === 0 ? {} : { parent: network.host(Math.floor((index - 1) / fanOut)) };

async function ask(): Promise<Answer> {
  const [root] = stations as [Station];
  const query = { type: "query top", sketch_id: id, counter_key_type: "src", k: agents, detail: true };
  return (await network.ask(root.host, { ...query, timeout_ms: budgetMs })) as Answer;
}

async function isWhole(): Promise<true | undefined> {
  const { coverage } = await ask();
  return coverage.complete && coverage.expected === agents ? true : undefined;
}

/** What is wrong with an answer, in sentences. */
function faultsOf({ value, coverage }: Answer): readonly string[] {
  const answered = new Set(coverage.answered);
  const listed = [...answered, ...coverage.missing.map(({ host }) => host)].sort();
  const counted = stations.map((station) => {
    const times = (value[station.host.address] ?? 0) / packets;
    const claimed = answered.has(nameOf(station)) ? 1 : 0;
    return times === claimed ? "" : `${nameOf(station)}: ${times} times counted, ${claimed} times claimed`;
  });
  const members = stations.map(nameOf).sort();
  const roster = listed.join() === members.join() ? "" : `listed are ${listed} and not ${members}`;
  return [...counted, roster].filter((fault) => fault !== "");
}

/** Every second an agent other than the root is harmed, and mended soon after. */
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

  async #rage(): Promise<void> {
    for (; !this.#isOver; await sleep(1000)) {
      const index = 1 + this.#chance.below(agents - 1);
      if (this.#inTrouble.has(index)) continue;
      this.#inTrouble.add(index);
      const trouble = harm(index, this.#chance).finally(() => this.#inTrouble.delete(index));
      trouble.catch(() => undefined);
      this.#troubles.push(trouble);
    }
  }
}

async function harm(index: number, chance: Chance): Promise<void> {
  const station = stations[index] as Station;
  const ms = chance.between(200, 2500);
  await chance.pick([
    () => restart(index, "SIGKILL", ms),
    () => restart(index, "SIGTERM", 0),
    () => halt(station, ms),
    () => cutOff(station, ms),
  ])();
}

async function restart(index: number, signal: NodeJS.Signals, downMs: number): Promise<void> {
  const station = stations[index] as Station;
  await station.agent.stop(signal);
  await sleep(downMs);
  const { parent } = parentOf(index);
  const options = ["--transport", transport, "--parent", `http://${parent?.address}:${port}`];
  stations[index] = { ...station, agent: await network.startAgent(station.host, options) };
}

async function halt({ agent }: Station, ms: number): Promise<void> {
  process.kill(agent.pid, "SIGSTOP");
  await sleep(ms);
  process.kill(agent.pid, "SIGCONT");
}

async function cutOff({ host }: Station, ms: number): Promise<void> {
  const set = (state: "up" | "down") => network.lab.must(host, "ip", "link", "set", "eth0", state);
  await set("down");
  await sleep(ms);
  await set("up");
}

describe.each(["http", "nats"] as const)(`${agents} agents over %s, one in trouble every second`, (over) => {
  beforeEach(() => grow(over), 300_000);

  it(
    `answers ${questions} questions right for exactly the hosts it claims, and is whole again after`,
    async () => {
      const seed = Date.now() % 1_000_000;
      const storm = new Storm(new Chance(seed));
      let partial = 0;
      try {
        for (let i = 0; i < questions; i++) {
          const started = performance.now();
          const answer = await ask();
          expect(performance.now() - started).toBeLessThan(budgetMs + lateMs);
          expect(faultsOf(answer), `seed ${seed}, question ${i}`).toEqual([]);
          if (!answer.coverage.complete) partial += 1;
          await sleep(pauseMs);
        }
      } finally {
        await storm.end();
      }
      expect(partial).toBeGreaterThan(0);
      await until("the whole tree again", isWhole, 60_000);
      expect(faultsOf(await ask())).toEqual([]);
    },
    isLong ? 1_200_000 : 120_000,
  );
});
