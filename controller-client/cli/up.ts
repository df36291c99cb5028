// tallytree up: a monitor and an agent on this host until Ctrl-C.

import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { defaultPort, tapKinds } from "../messages/index.js";
import { type HostProgramPaths, HostPrograms } from "./host-programs.js";
import { document } from "./manual.js";
import { Failure, type Terminal } from "./terminal.js";

interface UpOptions {
  readonly port: number;
  readonly address: string;
  readonly tap?: string;
  readonly parent?: string;
  readonly verbose?: boolean;
}

/** What `up` takes from its surroundings. */
export interface UpSurroundings {
  readonly paths: HostProgramPaths;
  readonly isRoot: boolean;
  /** How the user calls this program, for the commands that are suggested. */
  readonly command: string;
  /** Milliseconds that a program has to end by itself. */
  readonly graceMs: number;
  /** Resolves when the user wants to end. */
  readonly interrupted: () => Promise<void>;
}

const programPath = (room: string): string =>
  fileURLToPath(new URL(`../../${room}/main.js`, import.meta.url));

const surroundingsOfThisProcess: UpSurroundings = {
  paths: { monitor: programPath("monitor"), agent: programPath("agent") },
  isRoot: process.getuid?.() === 0,
  command: process.env.npm_command === "exec" ? "npx tallytree" : "tallytree",
  graceMs: 5000,
  // Listened to till the end: a second, impatient Ctrl-C must not leave things behind.
  interrupted: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    }),
};

/** The `up` subcommand. */
export function buildUp(terminal: Terminal, surroundings = surroundingsOfThisProcess): Command {
  const command = document(new Command("up"), {
    summary: "measure this host: run a monitor and an agent until Ctrl-C",
    about: [
      "Starts the monitor, which reads packets and needs root, and the agent, which answers and does not keep root. Waits until the agent answers, then says what to try next. Ctrl-C ends both and leaves nothing behind; when one of the two fails, the other is ended too.",
    ],
    examples: ["sudo tallytree up", "sudo tallytree up --address 10.0.0.3 --parent 10.0.0.2:8000"],
  });
  command
    .option("--port <number>", "port of the agent", parsePort, defaultPort)
    .option("--address <address>", "address the agent listens on; 0.0.0.0 is every one", "127.0.0.1")
    .addOption(
      new Option(
        `--tap <${[...tapKinds, "auto"].join("|")}>`,
        "where packets are read (default: packet)",
      ).choices([...tapKinds, "auto"]),
    )
    .option("--parent <host[:port]>", "the agent to join as a leaf")
    .option("--verbose", "show the logs of both programs");
  return command.action(() => up(command.opts<UpOptions>(), terminal, surroundings));
}

async function up(options: UpOptions, terminal: Terminal, surroundings: UpSurroundings): Promise<void> {
  if (!surroundings.isRoot)
    throw new Failure(
      `up needs root, because the monitor reads packets: run 'sudo ${surroundings.command} up'`,
    );
  // Listened for before anything is started, so that an early Ctrl-C leaves nothing behind.
  const interrupted = surroundings.interrupted();
  const programs = await HostPrograms.prepare(
    surroundings.paths,
    options,
    options.verbose ? terminal.err : undefined,
  );
  try {
    const ready = await Promise.race([programs.start(), interrupted]);
    if (ready === undefined) return;
    terminal.out(welcome(ready.at, surroundings.command, options.parent));
    await Promise.race([programs.failed(interrupted), interrupted]);
  } finally {
    await programs.end(surroundings.graceMs);
  }
}

function welcome(at: string, command: string, parent: string | undefined): string {
  const here = at === `127.0.0.1:${defaultPort}` ? "" : ` --at ${at}`;
  const joins = parent === undefined ? "" : ` and joins ${parent}`;
  return [
    `The agent answers at ${at}${joins}. Try in another terminal:`,
    `  ${command} config sketch --proto icmp${here}            # prints its id, 0 for the first`,
    `  ${command} config sketch-counter --sketch 0 --key src${here}`,
    "  ping -c 3 HOST            # any other host; loopback is not counted",
    `  ${command} query heavy-hitters --sketch 0 --key src --detail --table${here}`,
    "Ctrl-C ends it.",
    "",
  ].join("\n");
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new Failure(`--port is ${text.slice(0, 40)}: give a port from 1 to 65535`);
  return port;
}
