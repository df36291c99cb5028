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
import { manualPage } from "./manual.js";

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

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Reads the arguments after the program's name. Ends the process for --help and for what is wrong. */
export function parseOptions(args: readonly string[], version: string): AgentOptions {
  const command = new Command("tallytree-agent")
    .version(version, "--version", "print the version")
    .option("--address <ip>", "address to listen on", address, "127.0.0.1")
    .option("--port <number>", "port to listen on (1 to 65535)", port, defaultPort)
    .option("--name <name>", "its name in answers; address and port if not given", name)
    .option("--parent <url>", "agent to be below, as in http://10.0.0.2:8000", parent)
    .option("--monitor <path>", "the monitor's socket", (path: string) => resolve(path), defaultSocket)
    .option("--user <name>", "user to become when started as root", "nobody")
    .addOption(
      new Option("--log-level <level>", "least level of lines logged").choices(levels).default("info"),
    )
    .helpOption("--help", "print this page")
    .allowExcessArguments(false)
    .showHelpAfterError("(tallytree-agent --help lists the options)")
    .configureHelp({ formatHelp: (program) => manualPage(program) });
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
