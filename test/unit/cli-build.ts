// The command and the examples as they are shipped, compiled to a folder of their own: no build is needed first.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface Build {
  /** The folder that stands for dist/. */
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const deadlineMs = 12_000;

/** Compiles controller-client/ alone. */
export async function buildClient(): Promise<Build> {
  const folder = await mkdtemp(join(tmpdir(), "tallytree-build-"));
  await chmod(folder, 0o755);
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  const config = {
    extends: join(repository, "tsconfig.json"),
    compilerOptions: {
      rootDir: repository,
      outDir: folder,
      typeRoots: [join(repository, "node_modules/@types")],
    },
    include: [join(repository, "controller-client")],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await promisify(execFile)(join(repository, "node_modules/.bin/tsc"), ["-p", folder]);
  if (!existsSync(join(folder, "controller-client/cli/main.js")))
    throw new Error("the compiler wrote no main.js");
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs a Node program, in a process group of its own, to its end; `watch` sees its output grow and may signal it. */
export function runProgram(
  args: readonly string[],
  watch: (out: string, pid: number) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
    watch(out, child.pid ?? 0);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  // Its group goes with it: a test that fails must not leave programs behind.
  const late = setTimeout(() => child.pid && process.kill(-child.pid, "SIGKILL"), deadlineMs);
  return new Promise((resolve) => {
    child.once("close", (code) => {
      clearTimeout(late);
      resolve({ code, out, err });
    });
  });
}
