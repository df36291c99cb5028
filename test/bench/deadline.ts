// How punctual answers are with one hung agent a level, five levels deep, every other host in it: each agent a process
// of its own, over real HTTP, and the hung ones stopped.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { Client } from "../../controller-client/index.js";
import { type KeyedDetail, parseAgentAddress } from "../../controller-client/messages/index.js";
import { quantile, table } from "./figures.js";

const depth = 5;
const budgetMs = 500;
/** Trees that are asked side by side, and how often each. */
const trees = 4;
const rounds = 250;
const goalMs = 50;

interface Comb {
  readonly root: Client;
  /** Whether the leaf beside each inner agent hangs. */
  hang(hung: boolean): void;
  close(): Promise<void>;
}

export async function benchDeadline(): Promise<string> {
  const asked = (await Promise.all(Array.from({ length: trees }, (_, i) => measure(i)))).flat();
  const late = asked.map(({ ms }) => ms - budgetMs);
  const shares = [0.5, 0.99, 0.999, 1].map((share) => quantile(late, share).toFixed(1));
  const whole = asked.filter(({ answered }) => answered === depth + 1).length;
  const row = [`${asked.length} questions, depth ${depth}`, ...shares, `< ${goalMs}`, `${whole}`];
  const header = [
    "ms past the budget",
    "median",
    "p99",
    "p99.9",
    "longest",
    "goal (p99.9)",
    "all others in it",
  ];
  return `One hung agent a level, budget ${budgetMs} ms, load ${loadavg()[0]?.toFixed(1)}\n${table(header, [row])}`;
}

interface Asked {
  readonly ms: number;
  readonly answered: number;
}

async function measure(tree: number): Promise<readonly Asked[]> {
  const comb = await grow(tree);
  try {
    const sketch_id = await comb.root.configSketch({ timeout_ms: 5000 });
    const counter = { sketch_id, counter_key_type: "src" };
    await comb.root.configSketchCounter({ ...counter, timeout_ms: 5000 });
    const asked: Asked[] = [];
    for (let round = 0; round < rounds; round++) {
      // An agent that fails three times in a row is not asked for a while: here each is asked every time.
      comb.hang(false);
      await ask(comb, counter, 5000);
      comb.hang(true);
      asked.push(await ask(comb, counter, budgetMs));
    }
    return asked;
  } finally {
    await comb.close();
  }
}

async function ask({ root }: Comb, counter: object, timeout_ms: number): Promise<Asked> {
  const started = performance.now();
  const query = { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src", ...counter } as const;
  const { coverage } = (await root.request({ ...query, timeout_ms, detail: true })) as KeyedDetail;
  return { ms: performance.now() - started, answered: coverage.answered.length };
}

/** A chain of agents, each with a leaf beside the next one: agents 0, 1, 3, 5... and 2, 4, 6... */
async function grow(tree: number): Promise<Comb> {
  const count = 2 * depth + 1;
  const addresses = Array.from({ length: count }, (_, i) =>
    parseAgentAddress(`127.78.${tree}.${i + 1}:8000`),
  );
  const agents = await Promise.all(addresses.map(({ host, port }, i) => startAgent(host, port, i)));
  for (const [i, { name }] of addresses.entries()) {
    const parent = new Client(addresses[i % 2 === 0 ? i - 3 : i - 2]?.url ?? addresses[0]?.url ?? "");
    if (i > 0) await parent.request({ type: "add leaf agent", agent_addr: name, timeout_ms: 5000 });
    await parent.close();
  }
  const root = new Client(addresses[0]?.url ?? "");
  const close = async () => {
    await root.close();
    for (const agent of agents) agent.kill("SIGKILL");
  };
  const leaves = agents.filter((_, i) => i > 0 && i % 2 === 0);
  const hang = (now: boolean) => {
    for (const leaf of leaves) leaf.kill(now ? "SIGSTOP" : "SIGCONT");
  };
  return { root, close, hang };
}

async function startAgent(host: string, port: number, index: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, "comb-agent.js");
  const child = spawn(process.execPath, [program, host, `${port}`, `${index}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}
