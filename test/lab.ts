// Hosts in network namespaces of their own on one bridge, for tests on real packets. Nothing outlives its lab.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The namespaces of a lab begin with this and the pid of its maker. */
const prefix = "tt-";
const stopTimeoutMs = 4000;
const drainMs = 300;
let labs = 0;

/** One namespace with eth0 on the lab's bridge. */
export interface Host {
  readonly name: string;
  readonly namespace: string;
  /** IPv4, of 10.99.0.0/24. */
  readonly address: string;
  /** IPv6, of fd00:99::/64. */
  readonly address6: string;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

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

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Wait until standard output or error matches. */
  readonly ready?: RegExp;
  /** Keep standard input open for writing, and hand over the process. */
  readonly onStart?: (child: ChildProcess) => void;
}

export class Lab {
  readonly hosts: readonly Host[];
  /** For sockets and files. */
  readonly folder: string;
  readonly #switch: string;
  readonly #running = new Set<Running>();
  readonly #onExit = () => this.#removeNow();

  /** Makes the namespaces. Needs root. */
  constructor(hostCount: number) {
    removeOrphans();
    labs += 1;
    const id = `${prefix}${process.pid}-${labs}`;
    this.#switch = `${id}-switch`;
    this.hosts = Array.from({ length: hostCount }, (_, i) => ({
      name: `h${i + 1}`,
      namespace: `${id}-h${i + 1}`,
      address: `10.99.0.${i + 1}`,
      address6: `fd00:99::${i + 1}`,
    }));
    this.folder = mkdtempSync(join(tmpdir(), "tallytree-lab-"));
    // An agent without privileges must reach the socket.
    chmodSync(this.folder, 0o755);
    process.once("exit", this.#onExit);
    try {
      this.#build();
    } catch (error) {
      this.#removeNow();
      throw error;
    }
  }

  host(index: number): Host {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`the lab has no host ${index}`);
    return host;
  }

  /** Runs a program in a host to its end; never throws for its exit status. */
  run(host: Host, ...argv: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { encoding: "utf8", maxBuffer: 2 ** 26, timeout: 50_000 } as const;
      execFile("ip", ["netns", "exec", host.namespace, ...argv], options, (error, stdout, stderr) => {
        const status = typeof error?.code === "number" ? error.code : 1;
        resolve({ status: error === null ? 0 : status, stdout, stderr });
      });
    });
  }

  /** As run, but throws unless the program exits with 0. */
  async must(host: Host, ...argv: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(host, ...argv);
    if (status !== 0) throw new Error(`${argv.join(" ")}: exit status ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a program that runs on; the lab ends it at the latest. */
  async spawn(host: Host, argv: readonly string[], options: SpawnOptions = {}): Promise<Running> {
    const env = { ...process.env, ...options.env };
    const child = spawn("ip", ["netns", "exec", host.namespace, ...argv], { env });
    const running = watch(child);
    this.#running.add(running);
    options.onStart?.(child);
    if (options.ready !== undefined) await isReady(running, options.ready);
    return running;
  }

  /** Ends all programs and removes all namespaces. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    process.off("exit", this.#onExit);
    this.#removeNow();
  }

  #build(): void {
    ip([], [`netns add ${this.#switch}`, ...this.hosts.map(({ namespace }) => `netns add ${namespace}`)]);
    ip(["-n", this.#switch], ["link add br0 type bridge mcast_snooping 0", "link set br0 up"]);
    for (const host of this.hosts) this.#plug(host);
  }

  #plug({ name, namespace, address, address6 }: Host): void {
    ip(
      ["-n", this.#switch],
      [`link add ${name} type veth peer name eth0 netns ${namespace}`, `link set ${name} master br0 up`],
    );
    ip(
      ["-n", namespace],
      [
        "link set lo up",
        "link set eth0 up",
        `address add ${address}/24 dev eth0`,
        `address add ${address6}/64 dev eth0 nodad`,
      ],
    );
  }

  #removeNow(): void {
    for (const { pid } of this.#running) kill(pid, "SIGKILL");
    for (const namespace of [...this.hosts.map((host) => host.namespace), this.#switch]) remove(namespace);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `probe` returns something, and returns that. Throws after `timeoutMs`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
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

function watch(child: ChildProcess): Running {
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

async function isReady(running: Running, ready: RegExp): Promise<void> {
  const said = () => running.stdout() + running.stderr();
  const end = running.ended.then((status) => {
    throw new Error(`ended with ${status} before it was ready:\n${said()}`);
  });
  await Promise.race([until(`${ready}`, () => (ready.test(said()) ? true : undefined)), end]);
}

/** Runs the lines in one `ip`; throws with what it said. */
function ip(options: readonly string[], lines: readonly string[]): void {
  const input = `${lines.join("\n")}\n`;
  const { status, stderr } = spawnSync("ip", [...options, "-batch", "-"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${options.join(" ")}: ${stderr}`);
}

function remove(namespace: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" });
  for (const pid of (stdout ?? "").split("\n").filter(Boolean)) kill(Number(pid), "SIGKILL");
  spawnSync("ip", ["netns", "delete", namespace]);
}

/** What a lab left whose maker was killed. */
function removeOrphans(): void {
  for (const namespace of netns()) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(namespace) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) remove(namespace);
  }
}

function netns(): readonly string[] {
  try {
    return readdirSync("/run/netns");
  } catch {
    return [];
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid > 0 && process.kill(pid, signal);
  } catch {
    return false;
  }
}
