// A program under test: what it says, whether it is ready, and its end.

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const stopTimeoutMs = 4000;
const drainMs = 300;
/** On a machine with fewer cores than hosts, starting a program may take its time. */
export const startMs = 60_000;
/** Long enough for whatever comes at all; how fast it comes is for those to say who measure it. */
const patienceMs = 30_000;

/** A program that runs in a host until it is stopped. */
export interface Running {
  readonly pid: number;
  /** Resolves with the exit status, or with the signal's name. */
  readonly ended: Promise<number | string>;
  stdout(): string;
  stderr(): string;
  /** Sends the signal (SIGTERM) and waits for the end; SIGKILL follows when it does not come. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Waits until `probe` returns something, and returns that. Throws after `timeoutMs`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = patienceMs,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(20);
  }
}

/** True while a process of that id is there. */
export function isRunning(pid: number): boolean {
  return kill(pid, 0);
}

/** Follows a process that was just started. */
export function watch(child: ChildProcess): Running {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      said[name] += chunk.toString();
    });
  }
  const pid = child.pid ?? 0;
  const ended = endOf(child);
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    kill(pid, signal);
    const timer = setTimeout(() => kill(pid, "SIGKILL"), stopTimeoutMs);
    return ended.finally(() => clearTimeout(timer));
  };
  let over = false;
  void ended.then(() => {
    over = true;
  });
  return {
    pid,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    stop: (signal) => (over ? ended : stop(signal)),
  };
}

/** The last output comes with "close", which a grandchild that holds the pipes may put off for ever. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("close", (status, signal) => resolve(status ?? signal ?? -1));
    child.once("exit", (status, signal) => setTimeout(() => resolve(status ?? signal ?? -1), drainMs));
  });
}

/** Resolves when its output matches; throws when it ends before, or takes too long. */
export async function isReady(running: Running, ready: RegExp): Promise<void> {
  const said = () => running.stdout() + running.stderr();
  const end = running.ended.then((status) => {
    throw new Error(`ended with ${status} before it was ready:\n${said()}`);
  });
  await Promise.race([until(`${ready}`, () => (ready.test(said()) ? true : undefined), startMs), end]);
}

/** False when there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid > 0 && process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Names of all processes whose parent chain leads to `pid`. */
export const descendants = (pid: number): readonly string[] => below(pid).map(({ command }) => command);

/** The ids of all processes below it. */
export const pidsBelow = (pid: number): readonly number[] => below(pid).map((entry) => entry.pid);

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function below(pid: number): readonly Entry[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(processOf)
    .filter((entry) => entry !== undefined);
  const belowOf = (parent: number): readonly Entry[] =>
    all.filter((entry) => entry.parent === parent).flatMap((entry) => [entry, ...belowOf(entry.pid)]);
  return belowOf(pid);
}

function processOf(pid: string): Entry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, command = "", parent = ""] = /\((.*)\) \S (\d+)/.exec(stat) ?? [];
    return { pid: Number(pid), parent: Number(parent), command };
  } catch {
    return undefined;
  }
}
