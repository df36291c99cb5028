// A host made of a capture file: the monitor's sketches on a file tap and the agent's answers, in one process, with
// the file's time for a clock.

import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, Call } from "../agent/agent.js";
import { assemble } from "../agent/assembly.js";
import { handle } from "../agent/handlers/index.js";
import type { Sketch } from "../agent/sketch.js";
import { comparedSpans, graceMs, spanOf } from "../agent/windows.js";
import {
  type Answer,
  parseAgentAddress,
  type ReplayOrder,
  type ReplayProgress,
  type ReplayResult,
  type Request,
} from "../controller-client/messages/index.js";
import { Capture, fromNative } from "../monitor/capture.js";
import { MonitorClient } from "../monitor/client.js";
import { MemoryBudget } from "../monitor/memory.js";
import { operations } from "../monitor/operations.js";
import { Sketches } from "../monitor/sketches.js";
import {
  checkCaptureFilter,
  counterBytes,
  deviceAbove,
  deviceExists,
  openTap,
  sizesBytes,
  type Tap,
  type TapStats,
} from "../native/index.js";
import { systemTime } from "../overlay/index.js";

const memoryBytes = 2 ** 32;
const progressMs = 100;
const budgetMs = 60_000;

/** Reads the file and answers. Rejects with TallyError. */
export async function replay(
  { path, anyDirection, configure, ask }: ReplayOrder,
  tell: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  let nowMs = 0;
  const tap = open(path === "-" ? "/dev/stdin" : path, anyDirection);
  const agent = agentOf(tap, basename(path), () => nowMs);
  for (const request of configure) await answer(agent, request);
  const stats = await readAll(tap, tell);
  const { from = 0, to = 0, failure } = stats.file ?? {};
  for (const sketch of agent.book.list()) beginAt(sketch, from);
  nowMs = to * 1000;
  const answers = [];
  for (const request of ask) answers.push(await answer(agent, inFileTime(request, to)));
  const matched = await totals(agent);
  await tap.stop();
  return { from, to, ...matched, answers, ...(failure === undefined ? {} : { failure }) };
}

function open(path: string, anyDirection: boolean): Tap {
  try {
    return openTap({ kind: "file", path, anyDirection });
  } catch (error) {
    throw fromNative(error);
  }
}

/** An agent whose monitor is in this process. */
function agentOf(tap: Tap, name: string, now: () => number): Agent {
  const capture = new Capture({ kind: "file", tap }, () => undefined);
  const memory = new MemoryBudget(memoryBytes);
  const sketches = new Sketches({
    capture,
    memory,
    host: { checkCaptureFilter, counterBytes, deviceAbove, deviceExists, sizesBytes },
  });
  const perform = operations({ capture, memory, sketches, offloads: () => ({}) });
  const monitor = new MonitorClient({
    ask: async (op, fields) => {
      const { fields: head, body = new Uint8Array() } = await perform(op, fields);
      return { head: { ...head }, body };
    },
    close: () => undefined,
  });
  return assemble({
    version: "replay",
    address: parseAgentAddress("127.0.0.1"),
    name,
    monitor,
    time: { ...systemTime, now },
  });
}

async function answer(agent: Agent, request: Request): Promise<Answer> {
  const outcome = await handle(agent, request, call(agent));
  return ("json" in outcome ? outcome.json : undefined) as Answer;
}

const call = ({ now }: Agent): Call => ({
  budgetMs,
  leftMs: () => budgetMs,
  received: now(),
  path: [],
  localAddress: undefined,
  signal: new AbortController().signal,
});

async function readAll(tap: Tap, tell: (progress: ReplayProgress) => void): Promise<TapStats> {
  tap.start();
  const finished = tap.finished.then(() => true);
  while (!(await Promise.race([finished, sleep(progressMs, false)]))) tell(progressOf(await tap.stats()));
  return tap.stats();
}

const progressOf = ({ file, read }: TapStats): ReplayProgress => ({
  position: file?.position ?? 0,
  size: file?.size ?? 0,
  packets: read,
});

/** Counters were made before the file's time was known. */
function beginAt(sketch: Sketch, from: number): void {
  sketch.since = from;
  for (const counter of sketch.counters.values()) counter.since = from;
}

/** The last seconds are those before the file's end, its last one included, though it may not be a whole one. */
function inFileTime(request: Request, end: number): Request {
  const overMs = (Math.floor(end) + 1) * 1000 + graceMs;
  if (request.type === "query change") return { ...request, ...comparedSpans(request, overMs) };
  if (request.type === "watch" || !("window" in request) || typeof request.window !== "object")
    return request;
  return { ...request, window: spanOf(request.window, overMs) };
}

async function totals({
  book,
  monitor,
}: Agent): Promise<{ readonly packets: number; readonly bytes: number }> {
  const [sketch] = book.list();
  const { packets, bytes } = await monitor.totals(sketch?.uuid ?? "", budgetMs);
  return { packets: Number(packets), bytes: Number(bytes) };
}
