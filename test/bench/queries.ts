// How long an answer takes: over a tree of eight hosts in namespaces, and at one of them.

import { join } from "node:path";
import type { Host } from "../lab.js";
import { Network, port } from "../lab-network.js";
import { quantile, table } from "./figures.js";

const rounds = 5;
const requests = 100;
/** Each host's parent: three below the root, three below the first of them, one below the second. */
const parents = [undefined, 0, 0, 0, 1, 1, 1, 2];

interface Question {
  readonly name: string;
  readonly at: Host;
  readonly message: object;
  /** Milliseconds that the median is to stay under. */
  readonly goal: number | undefined;
}

export async function benchQueries(): Promise<string> {
  const network = new Network(parents.length);
  try {
    for (const [i, parent] of parents.entries()) {
      await network.start(network.host(i), parent === undefined ? {} : { parent: network.host(parent) });
    }
    return await measure(network);
  } finally {
    await network.close();
  }
}

async function measure(network: Network): Promise<string> {
  const id = await network.count(network.host(0), { proto: "icmp" }, { counter_key_type: "src_dst" });
  const hosts = parents.map((_, i) => network.host(i));
  for (const from of hosts) for (const to of hosts) if (from !== to) await network.ping(from, to.address, 1);
  const times = new Map<string, number[][]>();
  const asked = questions(network, id);
  for (let round = 0; round < rounds; round++) {
    for (const question of asked) {
      times.set(question.name, [...(times.get(question.name) ?? []), await ask(network, question)]);
    }
  }
  const rows = asked.map(({ name, goal }) => row(name, times.get(name) ?? [], goal));
  const header = ["query", "median ms", "lowest", "highest", "p99", "goal"];
  return `Answers of agents, ${rounds} rounds of ${requests} requests one after the other\n${table(header, rows)}`;
}

function questions(network: Network, id: number): readonly Question[] {
  const root = network.host(0);
  const leaf = network.host(3);
  const counter = { sketch_id: id, counter_key_type: "src_dst" };
  const point = { type: "query sketch", ...counter, counter_key: `${root.address},${leaf.address}` };
  return [
    { name: "one host: status", at: leaf, message: { type: "query status" }, goal: undefined },
    { name: "one host: point", at: root, message: { ...point, scope: "host" }, goal: 2 },
    { name: "eight hosts: point", at: root, message: point, goal: 20 },
    {
      name: "eight hosts: heavy hitters",
      at: root,
      message: { type: "query heavy hitters", ...counter },
      goal: 20,
    },
    {
      name: "eight hosts: real time",
      at: root,
      message: { type: "query real time counter", ...counter },
      goal: 20,
    },
  ];
}

async function ask(network: Network, { at, message }: Question): Promise<number[]> {
  const controller = network.host(parents.length);
  const asker = join(import.meta.dirname, "asker.js");
  const argv = [
    process.execPath,
    asker,
    `http://${at.address}:${port}`,
    JSON.stringify(message),
    `${requests}`,
  ];
  return JSON.parse(await network.lab.must(controller, ...argv)) as number[];
}

function row(name: string, runs: readonly number[][], goal: number | undefined): readonly string[] {
  const medians = runs.map((run) => quantile(run));
  const figures = [
    quantile(medians),
    Math.min(...medians),
    Math.max(...medians),
    quantile(runs.flat(), 0.99),
  ];
  return [name, ...figures.map((ms) => ms.toFixed(2)), goal === undefined ? "" : `< ${goal}`];
}
