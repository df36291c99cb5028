// A program that a test started, in a host of the lab or beside it: what it said, and how it ended.

import type { ChildProcess } from "node:child_process";
import { until } from "../lab.js";

/** A lab must not outlive a test that gave up. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

export class HostProgram {
  stdout = "";
  stderr = "";
  /** Resolves with the exit status or the signal's name once it has ended and all was read. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  #over = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    running.add(child);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (status, signal) => resolve(status ?? signal ?? -1));
    });
    void this.ended.then(() => {
      this.#over = true;
      running.delete(child);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Ends its standard input. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until standard output or error holds the text; throws when the program ends before. */
  async says(text: string, timeoutMs = 20_000): Promise<void> {
    await until(
      `"${text}"`,
      () => {
        if (this.stdout.includes(text) || this.stderr.includes(text)) return true;
        if (this.#over) throw new Error(`it ended without "${text}":\n${this.stdout}${this.stderr}`);
        return undefined;
      },
      timeoutMs,
    );
  }
}
