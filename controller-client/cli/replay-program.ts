// The program that reads a capture file, run as a child: its progress on the screen, its result.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ReplayEvent, ReplayOrder, ReplayResult } from "../messages/index.js";
import { progressLine } from "./progress-line.js";
import { Failure, type Terminal } from "./terminal.js";

const eraseLine = "\r\x1b[K";

/** Runs `program` to its end. Throws Failure with its sentence. */
export async function readFile(
  program: string,
  order: ReplayOrder,
  terminal: Terminal,
): Promise<ReplayResult> {
  const show = terminal.isScreen ? (text: string) => terminal.err(eraseLine + text) : () => {};
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ["inherit", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const started = performance.now();
  let result: ReplayResult | undefined;
  let problem = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as ReplayEvent;
    if ("progress" in event) show(progressLine(event.progress, performance.now() - started));
    else if ("result" in event) result = event.result;
    else problem = event.error.message;
  }
  show("");
  const [code, signal] = (await ended) as [number | null, string | null];
  if (result !== undefined) return result;
  throw new Failure(problem || `reading ended early (${signal ?? `exit code ${code}`})`);
}
