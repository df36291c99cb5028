// Runs the test tiers and counts: node dist/test/run.js [--long] [--tier NAME]...
// The last line is "N passed, N failed"; the exit status is 1 when anything failed or could not be run.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { endSignals } from "./execute.js";
import { leftovers, runVariable, snapshot } from "./leftovers.js";
import { type Counts, oneFailed, onePassed, type Place, type Result, type Step, sum } from "./steps.js";
import { type Tier, tiers } from "./tiers.js";

/** Ended processes and namespaces take a moment to go, more of it on a busy machine. */
const settleMs = 10_000;

const root = join(import.meta.dirname, "..", "..");
const { long, chosen } = readArguments();
const run = `${process.pid}-${Date.now()}`;
process.env[runVariable] = run;
if (long) process.env.TALLYTREE_LONG = "1";

let interrupted = false;
for (const signal of endSignals) {
  process.on(signal, () => {
    interrupted = true;
  });
}

/** The step that is heard as it goes; what others say is shown whole when they end. */
let speaker: Step | undefined;

const before = snapshot(run);
const first = await runSteps(chosen.flatMap(stepsOf));
const repeats = first.flatMap(({ again }) => again ?? []);
const results = [...first, ...(await inTurn(repeats.map(({ step }) => step)))];
const { passed, failed } = sum([...results, await checkLeftovers()]);
for (const name of repeats.flatMap(({ failures }) => failures))
  say(`=== failed at first, was run again: ${name}`);
for (const name of results.flatMap(({ failures }) => failures ?? [])) say(`=== FAILED: ${name}`);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** The steps of a tier, or the one failure that it cannot run. */
function stepsOf({ name, obstacle, steps }: Tier): readonly Step[] {
  const why = obstacle();
  if (why === undefined) return steps.map((step) => ({ ...step, name: `${name}: ${step.name}` }));
  const skip = `*** SKIP tier ${name}: ${why}. A tier that cannot run counts as failed. ***\n`;
  const run: Step["run"] = async ({ say }) => {
    say(skip);
    return oneFailed;
  };
  return [{ name, place: "alone", run }];
}

async function runSteps(steps: readonly Step[]): Promise<readonly Result[]> {
  const at = (place: Place) => steps.filter((step) => step.place === place);
  const inFront = inTurn(at("alone")).then(async (alone) => [
    ...alone,
    ...(await Promise.all(at("beside").map(runStep))),
  ]);
  const behind = at("behind").values(); // of which each takes the next
  return (await Promise.all([inFront, inTurn(behind), inTurn(behind)])).flat();
}

async function inTurn(steps: Iterable<Step>): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const step of steps) results.push(await runStep(step));
  return results;
}

async function runStep(step: Step): Promise<Result> {
  if (interrupted) return named(step.name, oneFailed);
  speaker ??= step;
  const kept: string[] = [];
  const say = (text: string) => (speaker === step ? process.stdout.write(text) : kept.push(text));
  say(`\n=== ${step.name}\n`);
  const started = performance.now();
  const result = named(step.name, await step.run({ root, say, inBackground: step.place === "behind" }));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { passed, failed, again } = result;
  const more = again === undefined ? "" : ", some to be run again";
  say(`=== ${step.name}: ${passed} ok, ${failed} not ok${more}, ${seconds} s\n`);
  process.stdout.write(kept.join(""));
  if (speaker === step) speaker = undefined;
  return result;
}

/** A step that does not say what of it failed has failed as a whole. */
function named(step: string, { passed, failed, failures, again }: Result): Result {
  const inStep = (failure: string) => `${step}: ${failure}`;
  return {
    passed,
    failed,
    failures: failures?.map(inStep) ?? (failed > 0 ? [step] : []),
    ...(again === undefined ? {} : { again: { ...again, failures: again.failures.map(inStep) } }),
  };
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
