// What a question costs in networks of a hundred to ten thousand emulated agents, over each transport: as a tree, along
// one way of it, and by asking every agent oneself. Writes test/bench/results/scale.{json,md,svg}.

import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyedDetail } from "../../controller-client/messages/index.js";
import { type EmulatedTransport, Emulation } from "../emulator/emulation.js";
import { largestCount, largestKey } from "../emulator/traffic.js";
import { quantile } from "./figures.js";
import { document, plot, type Row, type Times } from "./scale-report.js";
import { type StarAnswer, secret, starOf, uuid } from "./star.js";

const fanout = 32;
const transports: readonly EmulatedTransport[] = ["http", "nats"];
/** Questions of each kind, and milliseconds after which no more are begun: ten thousand agents on two cores are slow. */
const rounds = {
  whole: { least: 2, most: 10, ms: 15_000 },
  way: { least: 100, most: 100, ms: 0 },
  star: { least: 1, most: 2, ms: 10_000 },
} as const;
const timeout_ms = 60_000;
/** Whom the configuration did not reach in time fetches it: of ten thousand on two cores many have to. */
const mostAttempts = 20;
/** A child that kept failing is asked again after two seconds. */
const restMs = 2500;
const processors = `${cpus().length} x ${cpus()[0]?.model}`;
const results = join(import.meta.dirname, "../../../test/bench/results");

const counter = { sketch: uuid, counter_key_type: "src", timeout_ms } as const;
const hitters = { type: "query heavy hitters", ...counter } as const;
const point = { type: "query sketch", ...counter, counter_key: largestKey } as const;

export async function benchScale(sizes: readonly number[] = [100, 1000, 10_000]): Promise<string> {
  const rows: Row[] = [];
  for (const agents of sizes) {
    for (const transport of transports) {
      rows.push(await measure(transport, agents));
      process.stdout.write(`${JSON.stringify(rows.at(-1))}\n`);
      write(rows);
    }
  }
  return document(rows, processors);
}

function write(rows: readonly Row[]): void {
  const about = { node: process.version, processors, fanout };
  writeFileSync(join(results, "scale.json"), `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`);
  writeFileSync(join(results, "scale.md"), document(rows, processors));
  writeFileSync(join(results, "scale.svg"), plot(rows));
}

async function measure(transport: EmulatedTransport, agents: number): Promise<Row> {
  const emulation = new Emulation({ agents, fanout }, transport);
  try {
    const [load = 0] = loadavg();
    await emulation.start();
    await emulation.root.request({ type: "config sketch", uuid, secret, timeout_ms });
    await emulation.root.request({ type: "config sketch counter", ...counter });
    await settle(emulation, agents);
    const whole = await askRoot(emulation, rounds.whole);
    const { rss } = await emulation.figures();
    await emulation.onlyOneWay(true);
    const way = await askRoot(emulation, rounds.way);
    await emulation.onlyOneWay(false);
    return {
      ...{ transport, agents, levels: emulation.levels, load },
      whole: { hitters: timesOf(whole.hitters.ms), point: timesOf(whole.point.ms) },
      cpuMs: { hitters: whole.hitters.cpuMs, point: whole.point.cpuMs },
      way: { hitters: timesOf(way.hitters.ms), point: timesOf(way.point.ms) },
      star: await askStar(emulation),
      link: { hitters: whole.hitters.link, point: whole.point.link },
      rootMB: rss / 1e6,
    };
  } finally {
    await emulation.stop();
  }
}

/** Asks until all agents are in the answer, which must then be right: a busy machine takes some questions to get there. */
async function settle({ root }: Emulation, agents: number): Promise<void> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const { coverage, keys } = (await root.request({ ...hitters, detail: true })) as KeyedDetail;
    const { lower, upper } = keys[largestKey] ?? {};
    if (lower !== largestCount * coverage.answered.length || lower !== upper)
      throw new Error(
        `${coverage.answered.length} agents answered, and the largest key has ${lower} to ${upper}`,
      );
    if (coverage.answered.length === agents) return;
    await sleep(restMs);
  }
  throw new Error(`not all of ${agents} agents answered in ${mostAttempts} attempts`);
}

interface Asked {
  readonly ms: readonly number[];
  readonly cpuMs: number;
  readonly link: readonly number[];
}

interface Rounds {
  readonly least: number;
  readonly most: number;
  readonly ms: number;
}

/** Milliseconds that each took. */
async function repeated(
  { least, most, ms }: Rounds,
  act: () => Promise<unknown>,
): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  while (times.length < least || (times.length < most && performance.now() < end)) {
    const started = performance.now();
    await act();
    times.push(performance.now() - started);
  }
  return times;
}

async function askRoot(emulation: Emulation, times: Rounds) {
  return { hitters: await ask(emulation, hitters, times), point: await ask(emulation, point, times) };
}

async function ask(
  emulation: Emulation,
  message: typeof hitters | typeof point,
  times: Rounds,
): Promise<Asked> {
  await emulation.root.request(message);
  const before = await emulation.figures();
  const ms = await repeated(times, () => emulation.root.request(message));
  const after = await emulation.figures();
  const link = Object.values(after.longest).slice(0, emulation.levels);
  return { ms, cpuMs: (after.cpuMs - before.cpuMs) / ms.length, link };
}

async function askStar({ shape, natsUrl }: Emulation): Promise<Row["star"]> {
  let told: StarAnswer = { bytes: 0, answered: 0 };
  const star = await starOf(shape, natsUrl);
  try {
    const ms = await repeated(rounds.star, async () => {
      told = await star.ask(hitters);
    });
    return { hitters: timesOf(ms), ...told };
  } finally {
    await star.close();
  }
}

const timesOf = (ms: readonly number[]): Times => ({ median: quantile(ms), p99: quantile(ms, 0.99) });
