// tallytree replay: a capture file counted and asked like a host, without root and without an agent.

import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { fieldOption, givenFields } from "./asking.js";
import { document } from "./manual.js";
import { replayFields, replayOrder, replayQueries } from "./replay-order.js";
import { readFile } from "./replay-program.js";
import { renderReplay, replayJson } from "./replay-rendering.js";
import { Failure, type Terminal } from "./terminal.js";

interface Options {
  readonly key?: readonly string[];
  readonly query?: readonly string[];
  readonly json?: boolean;
}

/** Fields with a shorter name here. */
const flags: Readonly<Record<string, string>> = { increment: "--inc, --increment", k: "--top" };
const usual = { keys: ["src_dst"], queries: ["top"] };

/** It needs the native add-on, which the other commands do without: so it is a program of its own. */
const replayProgram = fileURLToPath(new URL("../../replay/main.js", import.meta.url));

/** The `replay` subcommand. */
export function buildReplay(terminal: Terminal, program = replayProgram): Command {
  const command = document(new Command("replay"), {
    summary: "count a capture file",
    about: [
      "Reads a capture file (pcap or pcapng, also compressed by gzip or zstd; - is standard input) as a host reads its packets, with the time taken from the file, and prints what 'tallytree query' would: the largest keys, unless --query asks for something else. It needs no root and no agent.",
      "A file does not know whose host it is from, so every packet counts; --interface leaves out those that the file says went another way.",
      "A file that breaks off is counted up to there, and the exit status is 1.",
    ],
    examples: [
      "tallytree replay trace.pcap --key src_dst --top 20",
      "tallytree replay trace.pcapng.zst --proto tcp --dport 443 --key src --key dst --inc bytes",
      "tallytree replay trace.pcap --query sizes",
      "tallytree replay trace.pcap.gz --key src --query heavy-hitters --query entropy --window 60",
    ],
  });
  const names = [...replayQueries.keys()].join(", ");
  command
    .argument("<file>", "the capture file")
    .addOption(repeated("--key <type>", `what to count by (default: ${usual.keys}); may be given again`))
    .addOption(repeated("--query <name>", `${names} (default: ${usual.queries}); may be given again`));
  for (const [field, schema] of replayFields) command.addOption(fieldOption(field, schema, flags[field]));
  command.option("--json", "print JSON instead of columns");
  return command.action((path: string) => replay(path, command, { terminal, program }));
}

const repeated = (flag: string, description: string): Option =>
  new Option(flag, description).argParser((text: string, before: readonly string[] = []) => [
    ...before,
    text,
  ]);

interface Surroundings {
  readonly terminal: Terminal;
  readonly program: string;
}

async function replay(path: string, command: Command, { terminal, program }: Surroundings): Promise<void> {
  const { key: keys = usual.keys, query: queries = usual.queries, json } = command.opts<Options>();
  const fields = givenFields(command, [...replayFields.keys()], flags);
  const order = replayOrder({ path, keys, queries, fields });
  const result = await readFile(program, order, terminal);
  terminal.out(json ? replayJson(order, result) : renderReplay(order, result));
  if (result.failure !== undefined) throw new Failure(`${result.failure}; what came before is counted`);
}
