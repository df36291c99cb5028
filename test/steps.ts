// One step of a test tier: a program of its own that is run and counted.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, type Terms } from "./execute.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * What a step bears beside it. Those "behind" take the CPU time that the others leave, two at a time. Those
 * "alone" measure time or need the machine's: they run first, one after another. Those "beside" one another mostly
 * wait, and then run at once.
 */
export type Place = "behind" | "beside" | "alone";

/** A step says what it is, where it runs, and how. */
export interface Step {
  readonly name: string;
  readonly place: Place;
  readonly run: (terms: Terms) => Promise<Counts>;
}

export const onePassed: Counts = { passed: 1, failed: 0 };
export const oneFailed: Counts = { passed: 0, failed: 1 };

export function sum(counts: readonly Counts[]): Counts {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** A program whose exit status is the one check. */
export function check(name: string, place: Place, argv: readonly string[]): Step {
  const run = async (terms: Terms) => ((await execute(argv, terms)).status === 0 ? onePassed : oneFailed);
  return { name, place, run };
}

/** A program that ends with the line "N passed, N failed". */
export function counted(name: string, place: Place, argv: readonly string[]): Step {
  return {
    name,
    place,
    run: async (terms) => {
      const { status, output } = await execute(argv, terms);
      const [last] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].slice(-1);
      const counts = last === undefined ? oneFailed : { passed: Number(last[1]), failed: Number(last[2]) };
      return status === 0 || counts.failed > 0 ? counts : sum([counts, oneFailed]);
    },
  };
}

/** The vitest project of that name. */
export function vitest(project: string, place: Place): Step {
  return {
    name: `vitest ${project}`,
    place,
    run: async (terms) => {
      const folder = mkdtempSync(join(tmpdir(), "tallytree-report-"));
      const report = join(folder, "report.json");
      try {
        const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
        const argv = ["node_modules/.bin/vitest", "run", "--project", project, ...reporters];
        const { status } = await execute(argv, terms);
        return vitestCounts(readFileSync(report, "utf8"), status, terms.say);
      } catch (error) {
        terms.say(`no report of vitest ${project}: ${String(error)}\n`);
        return oneFailed;
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/** What was skipped proves nothing and counts as failed; so does a run that failed without a failed test. */
function vitestCounts(json: string, status: number | null, say: Terms["say"]): Counts {
  const report = JSON.parse(json) as VitestReport;
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) say(`SKIP: ${skipped} tests were skipped; they count as failed\n`);
  const failed = report.numFailedTests + skipped;
  return { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}
