// Hosts in network namespaces of their own on one bridge, for tests on real packets. Nothing outlives its lab.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isReady, isRunning, kill, type Running, watch } from "./lab-process.js";

export { descendants, isRunning, kill, pidsBelow, type Running, startMs, until } from "./lab-process.js";

/** The namespaces of a lab begin with this and the pid of its maker. */
const prefix = "tt-";
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
  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.#removeNow();
    this.#heed("off");
    process.kill(process.pid, signal);
  };

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
    this.folder = mkdtempSync(join(tmpdir(), `tallytree-lab-${id}-`));
    // An agent without privileges must reach the socket.
    chmodSync(this.folder, 0o755);
    this.#heed("on");
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

  /** Has the switch hand every frame to every host. */
  makeHub(): void {
    ip(["-n", this.#switch], ["link set br0 type bridge ageing_time 0"]);
  }

  /** Ends all programs and removes all namespaces. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    this.#heed("off");
    this.#removeNow();
  }

  #heed(change: "on" | "off"): void {
    process[change]("exit", this.#onExit);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process[change](signal, this.#onSignal);
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
    remove([...this.hosts.map((host) => host.namespace), this.#switch]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs the lines in one `ip`; throws with what it said. */
function ip(options: readonly string[], lines: readonly string[]): void {
  const input = `${lines.join("\n")}\n`;
  const { status, stderr } = spawnSync("ip", [...options, "-batch", "-"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${options.join(" ")}: ${stderr}`);
}

/** With all processes in them. In one go: an interrupted run has little time. */
function remove(namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  const doomed = new Set(namespaces.map((name) => inode(`/run/netns/${name}`)));
  doomed.delete(undefined);
  for (const pid of entries("/proc").filter((name) => /^\d+$/.test(name)))
    if (doomed.has(inode(`/proc/${pid}/ns/net`))) kill(Number(pid), "SIGKILL");
  const input = namespaces.map((name) => `netns delete ${name}\n`).join("");
  spawnSync("ip", ["-force", "-batch", "-"], { input });
}

/** By it a namespace is known. */
function inode(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

/** What a lab left whose maker was killed. */
function removeOrphans(): void {
  const makerIsGone = (name: string) => {
    const pid = Number(new RegExp(`(?:^|-)${prefix}(\\d+)-`).exec(name)?.[1] ?? process.pid);
    return !isRunning(pid);
  };
  remove(entries("/run/netns").filter(makerIsGone));
  for (const name of entries(tmpdir()).filter(
    (name) => name.startsWith("tallytree-lab-") && makerIsGone(name),
  )) {
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
