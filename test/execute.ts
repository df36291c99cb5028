// Runs a program of a test step to its end, in the foreground or with the CPU time that all others leave.

import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** What a step is given to run its programs with. */
export interface Terms {
  /** The repository's folder. */
  readonly root: string;
  /** Takes what a program says. */
  readonly say: (text: string) => void;
  /** Whether it must not slow down what runs beside it. */
  readonly inBackground: boolean;
}

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** The terminal's too, of which a program in a session of its own does not hear. */
export const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function execute(argv: readonly string[], terms: Terms): Promise<Outcome> {
  return new Promise((resolve) => {
    const { child, end } = start(argv, terms);
    for (const signal of endSignals) process.on(signal, end);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        terms.say(text);
      });
    const settle = (status: number | null) => {
      for (const signal of endSignals) process.off(signal, end);
      resolve({ status, output });
    };
    child.once("error", (error) => {
      terms.say(`${argv[0]}: ${error.message}\n`);
      settle(null);
    });
    child.once("close", settle);
  });
}

interface Started {
  readonly child: ChildProcess;
  /** Passes a signal on to the program and all that it started. */
  readonly end: (signal: NodeJS.Signals) => void;
}

function start([file = "", ...args]: readonly string[], { root, inBackground }: Terms): Started {
  const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const { pid } = child;
  if (pid === undefined) return { child, end: () => undefined };
  if (inBackground) yieldTo(pid);
  return { child, end: (signal) => signalGroup(pid, signal) };
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // All of it has ended.
  }
}

/** Kernels that group processes by session weigh the groups, and what is nice only within its group. */
function yieldTo(pid: number): void {
  setPriority(pid, constants.priority.PRIORITY_LOW);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, `${constants.priority.PRIORITY_LOW}`);
  } catch {
    // This one has no such groups.
  }
}
