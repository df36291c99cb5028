// Runs the test tiers and counts: node dist/test/run.js [--long] [--tier NAME]...
// The last line is "N passed, N failed"; the exit status is 1 when anything failed or could not be run.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { leftovers, runVariable, snapshot } from "./leftovers.js";
import { type Counts, oneFailed, onePassed, sum } from "./steps.js";
import { type Tier, tiers } from "./tiers.js";

/** Ended processes and namespaces take a moment to go, more of it on a busy machine. */
const settleMs = 10_000;

const root = join(import.meta.dirname, "..", "..");
const { long, chosen } = readArguments();
const run = `${process.pid}-${Date.now()}`;
process.env[runVariable] = run;
if (long) process.env.TALLYTREE_LONG = "1";

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true;
  });
}

const before = snapshot(run);
const results: Counts[] = [];
for (const tier of chosen) results.push(await runTier(tier));
results.push(await checkLeftovers());
const { passed, failed } = sum(results);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function runTier({ name, obstacle, steps }: Tier): Promise<Counts> {
  const why = obstacle();
  if (why !== undefined) {
    say(`\n*** SKIP tier ${name}: ${why}. A tier that cannot run counts as failed. ***\n`);
    return oneFailed;
  }
  const counts: Counts[] = [];
  for (const step of steps) {
    if (interrupted) return sum([...counts, oneFailed]);
    say(`\n=== ${name}: ${step.name}`);
    const started = performance.now();
    const count = await step.run(root);
    counts.push(count);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`=== ${name}: ${step.name}: ${count.passed} ok, ${count.failed} not ok, ${seconds} s`);
  }
  return sum(counts);
}

async function checkLeftovers(): Promise<Counts> {
  const end = performance.now() + settleMs;
  let left = leftovers(before, run);
  while (left.length > 0 && performance.now() < end) {
    await sleep(200);
    left = leftovers(before, run);
  }
  say(left.length === 0 ? "\n=== nothing is left behind" : `\n=== LEFT BEHIND:\n${left.join("\n")}`);
  return left.length === 0 ? onePassed : oneFailed;
}

function readArguments(): { readonly long: boolean; readonly chosen: readonly Tier[] } {
  const { values } = parseArgs({
    options: { long: { type: "boolean", default: false }, tier: { type: "string", multiple: true } },
  });
  const all = tiers({ long: values.long });
  const names = all.map(({ name }) => name);
  const unknown = values.tier?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    say(`there is no tier "${unknown}"; there are ${names.join(", ")}`);
    process.exit(1);
  }
  return { long: values.long, chosen: all.filter(({ name }) => values.tier?.includes(name) ?? true) };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
