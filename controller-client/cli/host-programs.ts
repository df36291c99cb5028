// The monitor and the agent of this host, started together, failing together, ended together.

import { access, chmod, mkdir, mkdtemp, rm, rmdir } from "node:fs/promises";
import { createServer, isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { ChildProgram, type ProgramExit } from "./child-program.js";
import { Failure } from "./terminal.js";

export interface HostProgramPaths {
  readonly monitor: string;
  readonly agent: string;
}

export interface HostProgramOptions {
  readonly port: number;
  readonly address: string;
  readonly tap?: string;
  readonly parent?: string;
}

interface Folder {
  readonly path: string;
  /** The folder around it, when that was made for it. */
  readonly parent: string | undefined;
}

type Log = ((text: string) => void) | undefined;

const runFolder = "/run/tallytree";
const noFolder = "none";
const startMs = 15_000;
const pollMs = 50;

/** Both programs and the private folder of the socket between them. */
export class HostPrograms {
  readonly #programs: ChildProgram[] = [];
  #ending = false;

  private constructor(
    private readonly paths: HostProgramPaths,
    private readonly options: HostProgramOptions,
    private readonly folder: Folder,
    private readonly log: Log,
  ) {}

  /** Checks that the port is free and makes the folder. Throws Failure with a sentence. */
  static async prepare(
    paths: HostProgramPaths,
    options: HostProgramOptions,
    log: Log,
  ): Promise<HostPrograms> {
    // An agent that is there already would answer in place of ours, and we would call that a success.
    await checkFree(options);
    return new HostPrograms(paths, options, await makeFolder(), log);
  }

  /** Starts the monitor, then the agent; resolves when the agent answers. Throws Failure when one ends. */
  async start(): Promise<{ readonly at: string }> {
    const socket = join(this.folder.path, "monitor.sock");
    const { port, address, tap, parent } = this.options;
    this.#launch("monitor", this.paths.monitor, [
      "--socket",
      socket,
      ...optional("tap", tap),
      "--agent-port",
      String(port),
    ]);
    await this.#until("the monitor opened its socket", () => exists(socket));
    const place = ["--address", address, "--port", String(port), "--monitor", socket];
    this.#launch("agent", this.paths.agent, [...place, ...optional("parent", parent)]);
    const at = reachable(address, port);
    await this.#until(`the agent at ${at} and its monitor answered`, () => answers(at));
    return { at };
  }

  /**
   * Rejects with Failure when a program ends by itself. Ctrl-C reaches the programs as well as us, so one that
   * ends a moment before `interrupted` resolves has not failed.
   */
  async failed(interrupted: Promise<void>): Promise<never> {
    const exit = await Promise.race(this.#programs.map((program) => program.ended));
    await Promise.race([sleep(200), interrupted]);
    throw this.#failure(exit);
  }

  /** Ends both, each within `graceMs` or by force, and removes the folder. Idempotent. */
  async end(graceMs: number): Promise<void> {
    this.#ending = true;
    for (const program of this.#programs.toReversed()) await program.end(graceMs);
    await rm(this.folder.path, { recursive: true, force: true });
    // Fails while another monitor keeps its socket there, as it should.
    if (this.folder.parent !== undefined) await rmdir(this.folder.parent).catch(() => {});
  }

  #launch(name: string, path: string, args: readonly string[]): void {
    if (this.#ending) throw new Failure("interrupted while starting");
    this.#programs.push(new ChildProgram(name, [path, ...args], this.log));
  }

  async #until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + startMs;
    const exits = this.#programs.map((program) => program.ended);
    while (!(await isTrue())) {
      if (this.#ending) throw new Failure("interrupted while starting");
      const exit = await Promise.race([...exits, sleep(pollMs)]);
      if (exit !== undefined) throw this.#failure(exit);
      if (Date.now() > deadline)
        throw new Failure(`gave up after ${startMs / 1000} s, before ${what}: try --verbose`);
    }
  }

  #failure({ name, how, lastWords }: ProgramExit): Failure {
    return new Failure(`the ${name} ended (${how})${lastWords === "" ? "" : `: ${lastWords}`}`);
  }
}

const optional = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`--${name}`, value];

// In /run when that can be; 0711 lets the agent, which gives up root, reach the socket by its name only.
async function makeFolder(): Promise<Folder> {
  const made = await mkdir(runFolder, { recursive: true, mode: 0o755 }).catch(() => noFolder);
  const path = await mkdtemp(made === noFolder ? join(tmpdir(), "tallytree-") : join(runFolder, "up-"));
  await chmod(path, 0o711);
  return { path, parent: made === runFolder ? runFolder : undefined };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function checkFree({ address, port }: HostProgramOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFailure(error, address, port)));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function listenFailure(error: NodeJS.ErrnoException, address: string, port: number): Failure {
  const place = `${address} port ${port}`;
  if (error.code === "EADDRINUSE")
    return new Failure(`${place} is taken: end what listens there, or give another --port`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return new Failure(
      `${address.slice(0, 60)} is no address of this host: give one that it has, or 0.0.0.0`,
    );
  }
  return new Failure(`cannot listen at ${place} (${error.code ?? error.message})`);
}

function reachable(address: string, port: number): string {
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

async function answers(at: string): Promise<boolean> {
  try {
    const reply = await request(`http://${at}/healthz`, { headersTimeout: 1000, bodyTimeout: 1000 });
    const health = (await reply.body.json()) as { readonly monitor?: unknown } | null;
    return reply.statusCode === 200 && health?.monitor !== false;
  } catch {
    return false;
  }
}
