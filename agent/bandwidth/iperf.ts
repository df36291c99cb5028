// Runs iperf3: fixed program, argument vectors of checked addresses and numbers, and never longer than its deadline.

import { type ChildProcess, spawn } from "node:child_process";
import { TallyError } from "../../controller-client/messages/index.js";

export interface ServerOptions {
  readonly address: string;
  readonly port: number;
  /** Killed when nobody has connected by then. */
  readonly connectMs: number;
  /** Killed then at the latest. */
  readonly lifetimeMs: number;
}

export interface ClientOptions {
  readonly src: string;
  readonly dst: string;
  readonly port: number;
  readonly seconds: number;
  readonly deadlineMs: number;
  /** The asker is gone: the test ends. */
  readonly signal: AbortSignal;
}

const program = "iperf3";
/** More output than any test of 30 seconds has. */
const mostOutput = 4 * 2 ** 20;

export class Iperf {
  readonly #running = new Set<ChildProcess>();

  /** Starts a server for one test; resolves when it listens, with a promise of its end. Rejects with TallyError. */
  async serve({
    address,
    port,
    connectMs,
    lifetimeMs,
  }: ServerOptions): Promise<{ readonly ended: Promise<void> }> {
    const process = this.#start(["-s", "-1", "-p", `${port}`, "-B", address, "--forceflush"], lifetimeMs);
    const ended = endOf(process);
    await this.#until(process, /Server listening/, ended);
    const unused = setTimeout(() => process.kill("SIGKILL"), connectMs);
    process.stdout?.on("data", (text) => /Accepted connection/.test(`${text}`) && clearTimeout(unused));
    return { ended: ended.then(() => clearTimeout(unused)) };
  }

  /** Sends for some seconds; resolves to the JSON report. Rejects with TallyError. */
  async send({ src, dst, port, seconds, deadlineMs, signal }: ClientOptions): Promise<unknown> {
    const connect = `${Math.ceil(Math.min(deadlineMs, connectTimeoutMs))}`;
    const where = ["-c", dst, "-p", `${port}`, "-B", src, "--connect-timeout", connect];
    const process = this.#start([...where, "-J", "-t", `${seconds}`], deadlineMs);
    const stop = () => process.kill("SIGKILL");
    signal.addEventListener("abort", stop, { once: true });
    try {
      const output = collect(process);
      await endOf(process);
      return report(output(), dst);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends all tests; resolves when their processes are gone. */
  async stop(): Promise<void> {
    const gone = [...this.#running].map(
      (process) => new Promise((resolve) => process.once("close", resolve)),
    );
    for (const process of this.#running) process.kill("SIGKILL");
    await Promise.all(gone);
  }

  #start(args: readonly string[], lifetimeMs: number): ChildProcess {
    const process = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], cwd: "/" });
    this.#running.add(process);
    const deadline = setTimeout(() => process.kill("SIGKILL"), lifetimeMs);
    const over = () => {
      clearTimeout(deadline);
      this.#running.delete(process);
    };
    process.once("close", over).once("error", over);
    return process;
  }

  #until(process: ChildProcess, sign: RegExp, ended: Promise<void>): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      process.stdout?.on("data", (text) => sign.test(`${text}`) && resolve());
    });
    const failed = ended.then(() => {
      throw new TallyError(
        "unavailable",
        "iperf3 ended before it listened: is the address one of this host?",
      );
    });
    return Promise.race([seen, failed]);
  }
}

const connectTimeoutMs = 5000;

/** Resolves when the process is over; rejects when it could not be started. */
function endOf(process: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    process.once("close", () => resolve());
    process.once("error", (cause) => reject(startError(cause)));
  });
  ended.catch(() => undefined);
  return ended;
}

// Whether it is not there or may not be run (EACCES) depends on what PATH holds; the cure is the same.
const startError = (cause: Error): TallyError =>
  new TallyError("unavailable", "iperf3 cannot be started on this host: install iperf3", { cause });

function collect(process: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  process.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostOutput) chunks.push(chunk);
    else process.kill("SIGKILL");
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

function report(text: string, dst: string): unknown {
  const failed = (why: string, cause?: unknown) =>
    new TallyError("unavailable", `the test to ${dst} failed: ${why}`, { cause });
  if (text === "") throw failed("it was ended before its time");
  try {
    const value = JSON.parse(text);
    if (typeof value?.error === "string") throw failed(value.error.slice(0, 200));
    return value;
  } catch (cause) {
    throw cause instanceof TallyError ? cause : failed("iperf3 was cut short", cause);
  }
}
