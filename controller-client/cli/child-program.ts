// One program that 'tallytree up' runs: started by path, watched, ended, with its last words kept.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProgramExit {
  readonly name: string;
  /** How it ended, in words: "exit code 1", "signal SIGKILL". */
  readonly how: string;
  /** The last sentence it wrote to standard error; empty when it wrote none. */
  readonly lastWords: string;
}

const keptCharacters = 4096;

/** Flags of V8 that a program's first line names: they keep its memory small. */
function engineFlags(path: string): readonly string[] {
  const [, flags = ""] = /^#!\S+ -S node (.*)/.exec(readFileSync(path, "utf8")) ?? [];
  return flags.split(" ").filter((flag) => flag !== "");
}

/** A running Node program. Its standard error is kept, its log on standard output goes to `log` when given. */
export class ChildProgram {
  /** Resolves when the program has ended; never rejects. */
  readonly ended: Promise<ProgramExit>;
  readonly #child: ChildProcess;
  #running = true;
  #words = "";

  constructor(
    readonly name: string,
    command: readonly [path: string, ...args: string[]],
    log?: (text: string) => void,
  ) {
    const argv = [...engineFlags(command[0]), ...command];
    this.#child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (chunk: Buffer) => log?.(chunk.toString("utf8")));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      log?.(chunk.toString("utf8"));
      this.#words = (this.#words + chunk.toString("utf8")).slice(-keptCharacters);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(this.#exit(error.message)));
      this.#child.once("close", (code, signal) =>
        resolve(this.#exit(signal ? `signal ${signal}` : `exit code ${code}`)),
      );
    });
  }

  /** Asks it to end, and after `graceMs` makes it. Resolves when it is gone. */
  async end(graceMs: number): Promise<void> {
    if (!this.#running) return;
    this.#child.kill("SIGTERM");
    const patience = new AbortController();
    const late = sleep(graceMs, "late", { signal: patience.signal }).catch(() => "ended");
    if ((await Promise.race([this.ended, late])) === "late") this.#child.kill("SIGKILL");
    patience.abort();
    await this.ended;
  }

  #exit(how: string): ProgramExit {
    this.#running = false;
    return { name: this.name, how, lastWords: lastSentence(this.#words) };
  }
}

/** The last line that is neither a log record nor part of a stack trace nor an aside; without one, what the last record says. */
function lastSentence(text: string): string {
  const lines = text.split("\n").filter((line) => /^\S/.test(line) && !/^(Node\.js v|[}\](^])/.test(line));
  const sentence = lines.findLast((line) => !line.startsWith("{"));
  return sentence?.replace(/^tallytree-[a-z]+: /, "") ?? recordedMessage(lines.at(-1) ?? "");
}

const recordedMessage = (record: string): string => /"msg":"([^"]*)"/.exec(record)?.[1] ?? "";
