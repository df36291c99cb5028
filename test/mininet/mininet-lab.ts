// Drives mininet/mt.py as a person would: types commands, reads what comes back; and runs programs in its hosts.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "../lab.js";
import type { Parcel, Receipt } from "../lab-courier.js";
import { HostProgram } from "./host-program.js";

export const root = join(import.meta.dirname, "..", "..");
export const mtPath = join(root, "mininet", "mt.py");
export const labFolder = "/run/tallytree-lab";
const prompt = "mininet> ";
const startMs = 60_000;
const commandMs = 60_000;
const port = 8000;

/** The address of h1, h2, ... */
export const address = (host: string): string => `10.0.0.${host.slice(1)}`;

/** The name that host's agent goes by in a coverage. */
export const agentName = (host: string): string => `${address(host)}:${port}`;

/** h2 to h9, and h1 to h9. */
export const measured = ["h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9"] as const;
export const everyHost = ["h1", ...measured] as const;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export class MininetLab {
  readonly mt: HostProgram;
  #pids: ReadonlyMap<string, number> = new Map();
  readonly #programs: HostProgram[] = [];
  readonly #waiting = new Map<number, (receipt: Receipt) => void>();
  #courier: ChildProcess | undefined;
  #lastId = 0;

  private constructor(options: readonly string[]) {
    this.mt = new HostProgram(spawn(mtPath, options, { cwd: root }));
  }

  /** Starts a lab and waits for its command line. */
  static async start(...options: readonly string[]): Promise<MininetLab> {
    const lab = new MininetLab(options);
    await lab.mt.says(prompt, startMs);
    const pids = await lab.command("py ' '.join('%s=%d' % (host, host.pid) for host in net.hosts)");
    lab.#pids = new Map([...pids.matchAll(/(h\d+)=(\d+)/g)].map(([, name = "", pid]) => [name, Number(pid)]));
    return lab;
  }

  /** Types a line and returns what it printed, up to the next prompt. */
  async command(line: string): Promise<string> {
    const from = this.mt.stdout.length;
    this.mt.type(`${line}\n`);
    await until(`the end of: ${line}`, () => this.mt.stdout.includes(prompt, from) || undefined, commandMs);
    return this.mt.stdout.slice(from, this.mt.stdout.indexOf(prompt, from));
  }

  /** Starts a program in a host, beside the command line. */
  spawn(host: string, ...argv: readonly string[]): HostProgram {
    const program = new HostProgram(this.#enter(host, argv));
    this.#programs.push(program);
    return program;
  }

  /** Runs a program in a host to its end and returns what it printed; throws unless it exits with 0. */
  async run(host: string, ...argv: readonly string[]): Promise<string> {
    const program = this.spawn(host, ...argv);
    const status = await program.ended;
    if (status !== 0) throw new Error(`${argv.join(" ")}: ${status}\n${program.stdout}${program.stderr}`);
    return program.stdout;
  }

  /** Posts a message from h1 to a host's agent and returns its answer, which must be a good one. */
  async ask(host: string, message: object): Promise<unknown> {
    const { status, text } = await this.post(host, message);
    if (status !== 200) throw new Error(`${JSON.stringify(message)}: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** Posts a message from h1 to a host's agent. */
  async post(host: string, message: object): Promise<Answer> {
    this.#courier ??= this.#hire();
    this.#lastId += 1;
    const id = this.#lastId;
    const body = JSON.stringify(message);
    const parcel: Parcel = {
      id,
      url: `http://${agentName(host)}/`,
      method: "POST",
      contentType: "application/json",
      body,
    };
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#courier?.stdin?.write(`${JSON.stringify(parcel)}\n`);
    });
  }

  /** A sketch with one counter at a host; its id. */
  async count(host: string, filter: object, counter: object): Promise<number> {
    const sketch_id = (await this.ask(host, { type: "config sketch", ...filter })) as number;
    await this.ask(host, { type: "config sketch counter", sketch_id, ...counter });
    return sketch_id;
  }

  /** The process that a host's monitor or agent is. */
  async programPid(host: string, kind: "monitor" | "agent"): Promise<number> {
    const pattern = `dist/${kind}/main.js .*${labFolder}/${host}.sock`;
    const pids = (await this.run(host, "pgrep", "-f", pattern)).trim().split("\n").map(Number);
    const [pid, ...others] = pids;
    if (pid === undefined || others.length > 0) throw new Error(`${kind} of ${host}: ${pids.join(" ")}`);
    return pid;
  }

  /** Leaves the lab by the command line; its exit status. */
  async close(): Promise<number | string> {
    for (const program of this.#programs) program.kill("SIGKILL");
    this.#courier?.kill("SIGKILL");
    this.mt.type("exit\n");
    return this.mt.ended;
  }

  #enter(host: string, argv: readonly string[]): ChildProcess {
    const pid = this.#pids.get(host);
    if (pid === undefined) throw new Error(`the lab has no host ${host}`);
    const env = { ...process.env, PATH: `${labFolder}/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
    return spawn("mnexec", ["-a", `${pid}`, ...argv], { cwd: root, env });
  }

  #hire(): ChildProcess {
    const courier = this.#enter("h1", ["node", join(root, "dist", "test", "lab-courier.js")]);
    createInterface({ input: courier.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const receipt = JSON.parse(line) as Receipt;
      this.#waiting.get(receipt.id)?.(receipt);
      this.#waiting.delete(receipt.id);
    });
    return courier;
  }
}
