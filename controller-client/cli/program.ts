// The tallytree command: its groups of subcommands, and one exit path for errors.

import { Command, CommanderError } from "commander";
import { TallyError } from "../messages/index.js";
import { addCommands } from "./add.js";
import { type Asking, buildAsking } from "./asking.js";
import { configCommands } from "./config.js";
import { deleteCommands } from "./delete.js";
import { document, type Manual } from "./manual.js";
import { queryCommands } from "./query.js";
import { buildReplay } from "./replay.js";
import { expelCommands, renameCommands } from "./roster.js";
import { Failure, type Terminal } from "./terminal.js";
import { buildUp } from "./up.js";
import { watchCommands } from "./watch.js";

const manual: Manual = {
  summary: "ask your own hosts what the network is doing",
  about: [
    "Every host tallies its own packets; a tree of agents adds the tallies up. tallytree asks the agent at --at and prints one answer, for that host and all hosts below it.",
    "Answers are JSON: a bare value, or with --detail its bounds, the hosts it covers and the packets that were lost on the way. --table prints columns instead.",
    "Every command has its own page: tallytree query heavy-hitters --help.",
  ],
  examples: [
    "sudo tallytree up",
    "tallytree config sketch --proto icmp",
    "tallytree config sketch-counter 0 src",
    "tallytree query heavy-hitters 0 src --detail --table",
  ],
};

/** Runs one command line (without the program's name); resolves to the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await buildProgram(terminal).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return report(error, terminal);
  }
}

function buildProgram(terminal: Terminal): Command {
  const program = document(new Command("tallytree"), manual);
  program.addCommand(group("config", "choose what is counted", configCommands, terminal));
  program.addCommand(group("query", "ask for counts, bandwidth and state", queryCommands, terminal));
  program.addCommand(group("delete", "end what config made", deleteCommands, terminal));
  program.addCommand(group("add", "put agents below an agent", addCommands, terminal));
  program.addCommand(group("expel", "take agents off the roster", expelCommands, terminal));
  program.addCommand(group("rename", "give agents of the roster other names", renameCommands, terminal));
  for (const asking of watchCommands) program.addCommand(buildAsking(asking, terminal));
  program.addCommand(buildUp(terminal));
  program.addCommand(buildReplay(terminal));
  program.helpCommand(false);
  settle(program, terminal);
  return program;
}

function group(name: string, summary: string, askings: readonly Asking[], terminal: Terminal): Command {
  const examples = askings.flatMap((asking) => asking.examples.slice(0, 1));
  const command = document(new Command(name), { summary, about: [`Commands that ${summary}.`], examples });
  for (const asking of askings) command.addCommand(buildAsking(asking, terminal));
  return command.helpCommand(false);
}

// Commander would write to the process and end it; errors go to `report` instead.
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} });
  for (const child of command.commands) settle(child, terminal);
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander calls the help it prints for an incomplete command an error without a sentence.
    const sentence = error.code === "commander.help" ? "a command is missing, see above" : error.message;
    terminal.err(`tallytree: ${sentence.replace(/^error: /, "").replaceAll("\n", " ")}\n`);
    return 1;
  }
  const known = error instanceof TallyError || error instanceof Failure;
  terminal.err(`tallytree: ${known ? error.message : `unexpected: ${String(error)}`}\n`);
  return 1;
}
