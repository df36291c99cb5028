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
  /** How agents speak to each other: by HTTP, or by way of these NATS servers. */
  readonly transport: "http" | readonly string[];
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
    .option(
      "--transport <url>",
      "how agents speak to each other: http, or nats://server:4222[,server2:4222]",
      transport,
      "http",
    )
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

function transport(text: string): AgentOptions["transport"] {
  if (text === "http") return text;
  const servers = /^(?:nats|tls):\/\/(.+)$/.exec(text)?.[1]?.split(",") ?? [];
  const scheme = text.slice(0, text.indexOf(":"));
  const isServer = /^([^\s/@:,]+:[^\s/@:,]+@)?(\[[0-9a-f:]+\]|[\w.-]+)(:\d{1,5})?$/i;
  if (servers.length > 0 && servers.every((server) => isServer.test(server))) {
    return servers.map((server) => `${scheme}://${server}`);
  }
  throw new InvalidArgumentError('Give "http", or NATS servers as in nats://10.0.0.1:4222,10.0.0.2:4222.');
}

function parent(text: string): AgentAddress {
  try {
    return parseAgentAddress(text, "parent");
  } catch (error) {
    throw new InvalidArgumentError(error instanceof TallyError ? error.message : "Give an agent's URL.");
  }
}
