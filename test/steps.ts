// One step of a test tier: a program of its own that is run, shown while it runs, and counted.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** A step says what it is and how to run it in the repository's folder. */
export interface Step {
  readonly name: string;
  readonly run: (root: string) => Promise<Counts>;
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
export function check(name: string, argv: readonly string[]): Step {
  return { name, run: async (root) => ((await execute(root, argv)).status === 0 ? onePassed : oneFailed) };
}

/** A program that ends with the line "N passed, N failed". */
export function counted(name: string, argv: readonly string[]): Step {
  return {
    name,
    run: async (root) => {
      const { status, output } = await execute(root, argv);
      const [last] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].slice(-1);
      const counts = last === undefined ? oneFailed : { passed: Number(last[1]), failed: Number(last[2]) };
      return status === 0 || counts.failed > 0 ? counts : sum([counts, oneFailed]);
    },
  };
}

/** The vitest project of that name. */
export function vitest(project: string): Step {
  return {
    name: `vitest ${project}`,
    run: async (root) => {
      const folder = mkdtempSync(join(tmpdir(), "tallytree-report-"));
      const report = join(folder, "report.json");
      try {
        const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
        const argv = ["node_modules/.bin/vitest", "run", "--project", project, ...reporters];
        const { status } = await execute(root, argv);
        return vitestCounts(readFileSync(report, "utf8"), status);
      } catch (error) {
        process.stdout.write(`no report of vitest ${project}: ${String(error)}\n`);
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
function vitestCounts(json: string, status: number | null): Counts {
  const report = JSON.parse(json) as VitestReport;
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) process.stdout.write(`SKIP: ${skipped} tests were skipped; they count as failed\n`);
  const failed = report.numFailedTests + skipped;
  return { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program and shows what it says. */
function execute(root: string, [file = "", ...args]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on("SIGTERM", forward).on("SIGINT", forward);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    const settle = (status: number | null) => {
      process.off("SIGTERM", forward).off("SIGINT", forward);
      resolve({ status, output });
    };
    child.once("error", (error) => {
      process.stdout.write(`${file}: ${error.message}\n`);
      settle(null);
    });
    child.once("close", settle);
  });
}
