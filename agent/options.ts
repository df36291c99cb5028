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
  /** Keep a roster. */
  readonly root?: true;
  /** Members of a roster to join through. */
  readonly join?: readonly AgentAddress[];
  readonly standby?: true;
  readonly fanOut: number;
  readonly label?: readonly string[];
  /** Absolute path of the directory for what a restart must not forget. */
  readonly state: string;
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
    .option("--root", "keep the roster: others join it by --join")
    .option("--join <url>", "join the roster through a member, as in http://10.0.0.2:8000; repeatable", join)
    .option("--standby", "become the root of the roster when it dies")
    .option("--fan-out <number>", "agents below one in the roster (1 to 1000), at its root", fanOut, 32)
    .option("--label <name=value>", "a failure domain, such as rack=r1; repeatable", label)
    .option(
      "--state <path>",
      "directory for roster and configuration",
      (path: string) => resolve(path),
      stateFolder,
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
  const options = command.parse([...args], { from: "user" }).opts<AgentOptions>();
  refuseTogether(options, (message) => command.error(`error: ${message}`));
  return Object.freeze(options);
}

const stateFolder = "/var/lib/tallytree";

function refuseTogether(
  { parent, root, join, standby }: AgentOptions,
  refuse: (message: string) => never,
): void {
  if (parent !== undefined && (root || join !== undefined))
    refuse("--parent is for trees made by hand: with a roster, the roster says who is below whom");
  if (root && join !== undefined)
    refuse("--root begins a roster and --join takes part in one: give one of them");
  if (standby && join === undefined)
    refuse("--standby goes with --join: it takes over from the root that it joined");
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

const parent = (text: string): AgentAddress => agentUrl(text, "parent");

const join = (text: string, before: readonly AgentAddress[] = []): readonly AgentAddress[] => [
  ...before,
  agentUrl(text, "join"),
];

function label(text: string, before: readonly string[] = []): readonly string[] {
  if (/^[^=\s]{1,64}=[^=\s]{1,63}$/.test(text)) return [...before, text];
  throw new InvalidArgumentError("Give a name and a value, such as rack=r1.");
}

function fanOut(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number >= 1 && number <= 1000) return number;
  throw new InvalidArgumentError("Give a number from 1 to 1000.");
}

function agentUrl(text: string, field: string): AgentAddress {
  try {
    return parseAgentAddress(text, field);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof TallyError ? error.message : "Give an agent's URL.");
  }
}
