// The agent's command line, checked as a whole before anything starts.

import { isIP } from "node:net";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type AgentAddress,
  defaultPort,
  parseAgentAddress,
  TallyError,
} from "../controller-client/messages/index.js";
import { defaultSocket } from "../monitor/client.js";

export interface AgentOptions {
  /** Where it listens. */
  readonly address: string;
  readonly port: number;
  readonly name?: string;
  readonly parent?: AgentAddress;
  /** Absolute path of the monitor's socket. */
  readonly monitor: string;
  readonly user: string;
  readonly logLevel: string;
}

const examples = `
EXAMPLES
  tallytree-agent --address 10.0.0.5
      Serves the host 10.0.0.5 on port 8000.
  tallytree-agent --address 10.0.0.5 --parent http://10.0.0.2:8000
      The same, below the agent of 10.0.0.2.

EXIT STATUS
  0 after SIGTERM or SIGINT, 1 with a sentence on stderr when it cannot start.`;

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Reads the arguments after the program's name. Ends the process for --help and for what is wrong. */
export function parseOptions(args: readonly string[], version: string): AgentOptions {
  const command = new Command("tallytree-agent")
    .description(
      "The HTTP program of one host: takes messages, asks its monitor and the agents below, answers.",
    )
    .version(version)
    .option("--address <ip>", "address to listen on", address, "127.0.0.1")
    .option("--port <number>", "port to listen on", port, defaultPort)
    .option("--name <name>", "this agent's name in answers (default: its address and port)", name)
    .option("--parent <url>", "the agent to be below, as in http://10.0.0.2:8000", parent)
    .option("--monitor <path>", "the monitor's socket", (path: string) => resolve(path), defaultSocket)
    .option("--user <name>", "who to become when started as root", "nobody")
    .addOption(new Option("--log-level <level>", "how much to log").choices(levels).default("info"))
    .addHelpText("after", examples)
    .showHelpAfterError("(tallytree-agent --help tells more)")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "tallytree-agent: ")) });
  return Object.freeze(command.parse([...args], { from: "user" }).opts<AgentOptions>());
}

function address(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError("Give an IPv4 or IPv6 address of this host.");
  return text;
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > 65_535) {
    throw new InvalidArgumentError("Give a number from 1 to 65535.");
  }
  return number;
}

function name(text: string): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(text))
    throw new InvalidArgumentError("Give up to 255 letters without spaces.");
  return text;
}

function parent(text: string): AgentAddress {
  try {
    return parseAgentAddress(text, "parent");
  } catch (error) {
    throw new InvalidArgumentError(error instanceof TallyError ? error.message : "Give an agent's URL.");
  }
}
