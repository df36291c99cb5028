// A test step that runs a vitest project: what fails in it is run once more, alone.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { execute, type Terms } from "./execute.js";
import { oneFailed, type Place, type Result, type Step } from "./steps.js";

/**
 * The vitest project of that name. Its tests have deadlines, and others beside them, whose fault a failure can be: the
 * files in which something failed are run again when all else has ended.
 */
export function vitest(project: string, place: Place): Step {
  return {
    name: `vitest ${project}`,
    place,
    run: async (terms) => {
      const first = await report(project, [], terms);
      const bad = first.files.filter(hasFailed);
      if (bad.length === 0) return counted(first);
      const names = bad.map(({ name }) => relative(terms.root, name));
      return {
        ...counted({ files: first.files.filter((file) => !hasFailed(file)), status: 0 }),
        again: { failures: bad.flatMap(failuresOf), step: again(project, names) },
      };
    },
  };
}

function again(project: string, names: readonly string[]): Step {
  const run = async (terms: Terms) => counted(await report(project, names, terms));
  return { name: `again: vitest ${project}`, place: "alone", run };
}

interface Report {
  readonly files: readonly TestFile[];
  readonly status: number | null;
}

/** As vitest's JSON reporter has it. */
interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
}

async function report(project: string, names: readonly string[], terms: Terms): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "tallytree-report-"));
  const file = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const argv = ["node_modules/.bin/vitest", "run", "--project", project, ...reporters, ...names];
    const { status } = await execute(argv, terms);
    return {
      status,
      files: (JSON.parse(readFileSync(file, "utf8")) as { testResults: TestFile[] }).testResults,
    };
  } catch (error) {
    terms.say(`no report of vitest ${project}: ${String(error)}\n`);
    return { status: null, files: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What was skipped proves nothing and counts as failed; so does a run that failed without a failed test. */
function counted({ files, status }: Report): Result {
  const failures = files.flatMap(failuresOf);
  const passed = files.flatMap(({ assertionResults }) => assertionResults.filter(hasPassed)).length;
  if (failures.length > 0 || status === 0) return { passed, failed: failures.length, failures };
  return { ...oneFailed, passed };
}

const hasPassed = ({ status }: { readonly status: string }) => status === "passed";

const hasFailed = (file: TestFile) => failuresOf(file).length > 0;

/** A file can fail as a whole, before its first test. */
function failuresOf({ name, status, message, assertionResults }: TestFile): readonly string[] {
  const failed = assertionResults.filter((test) => !hasPassed(test));
  const file = basename(name);
  if (failed.length === 0 && status !== "passed") return [`${file}: ${message.split("\n", 1)[0]}`];
  return failed.map(({ fullName, status }) => `${file}: ${fullName} (${status})`);
}
