// Runs the overlay in a simulated network, seed by seed: node dist/test/simulation/run.js [--seeds N] [--seed FIRST] [--trace]
// A seed that fails is printed with the command that repeats it; the exit status is then 1.

import { parseArgs } from "node:util";
import { Scenario } from "./scenario.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const everyMs = 10_000;

let answers = 0;
let incomplete = 0;
let failed = 0;
let told = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const result = await new Scenario(seed, values.trace ? say : undefined).run();
  answers += result.answers;
  incomplete += result.incomplete;
  if (result.violations.length > 0) report(seed, result.violations);
  if (performance.now() - told < everyMs) continue;
  told = performance.now();
  say(`${seed - first + 1} of ${count} seeds ...`);
}
say(
  `seeds ${first} to ${first + count - 1}: ${answers} answers, ${incomplete} of them partial, ${failed} seeds with a violation`,
);
process.exitCode = failed > 0 ? 1 : 0;

function report(seed: number, violations: readonly string[]): void {
  failed += 1;
  for (const violation of violations.slice(0, 10)) say(`seed ${seed}: ${violation}`);
  say(`repeat it: node dist/test/simulation/run.js --seeds 1 --seed ${seed} --trace`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
