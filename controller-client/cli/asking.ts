// A subcommand that sends one message: its options come from the message's schema, its answer goes to the terminal.

import { Argument, Command, Option } from "commander";
import { Client } from "../client.js";
import {
  checkRequest,
  type FieldSchema,
  parseAgentAddress,
  type RequestType,
  requestSchemas,
} from "../messages/index.js";
import { document, type Manual } from "./manual.js";
import { renderJson, renderTable } from "./rendering.js";
import type { Terminal } from "./terminal.js";

export interface Asking extends Manual {
  /** The name of the subcommand. */
  readonly name: string;
  readonly type: RequestType;
  /** Fields that are given by position, not by option. */
  readonly positions: readonly string[];
}

interface OutputOptions {
  readonly at: string;
  readonly table?: boolean;
}

/** Where commands ask when --at is not given. */
export const defaultAgent = "127.0.0.1:8000";

/** Fields that name what is asked for: always to be given, by an option shorter than their name. */
const shortFlags: Readonly<Record<string, string>> = { sketch_id: "--sketch", counter_key_type: "--key" };

// Agents send these to each other; there is no reason to type them.
const agentFields = [
  "form",
  "budget_ms",
  "path",
  "known",
  "epoch",
  "uuid",
  "secret",
  "sketch",
  "watch",
  "type",
];

/** The subcommand that an entry describes. */
export function buildAsking(asking: Asking, terminal: Terminal): Command {
  const command = document(new Command(asking.name), asking);
  const notes: Readonly<Record<string, FieldSchema>> = requestSchemas[asking.type].properties;
  for (const field of asking.positions) {
    command.addArgument(new Argument(`<${field}>`, notes[field]?.description));
  }
  const options = Object.entries(notes).filter(
    ([field]) => !agentFields.includes(field) && !asking.positions.includes(field),
  );
  for (const [field, note] of options) {
    command.addOption(fieldOption(field, note, shortFlags[field]).makeOptionMandatory(field in shortFlags));
  }
  command.option("--at <host[:port]>", "the agent to ask", defaultAgent);
  command.option("--table", "print aligned columns instead of JSON");
  return command.action(async (...given: readonly unknown[]) => {
    const fields = {
      type: asking.type,
      ...positionFields(asking.positions, given),
      ...givenFields(
        command,
        options.map(([field]) => field),
        shortFlags,
      ),
    };
    await ask(fields, command.opts<OutputOptions>(), terminal);
  });
}

/** The option for a field, named after it unless `flag` says otherwise. */
export function fieldOption(field: string, note: FieldSchema, flag = flagOf(field)): Option {
  const flags = note.type === "boolean" ? flag : `${flag} <${note.enum?.join("|") ?? placeholder(note)}>`;
  const standard = note.default === undefined || note.type === "boolean" ? "" : ` (default: ${note.default})`;
  return new Option(flags, `${note.description ?? ""}${standard}`);
}

const flagOf = (field: string): string => `--${field.replaceAll("_", "-")}`;

const placeholder = (note: FieldSchema): string =>
  note.type === "integer" || note.type === "number" ? "number" : "text";

const positionFields = (
  positions: readonly string[],
  given: readonly unknown[],
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(positions.map((field, index) => [field, given[index]]));

/** The fields that were given as options. `flags`: of the fields that are not named after themselves. */
export function givenFields(
  command: Command,
  fields: readonly string[],
  flags: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const values = fields.map((field) => {
    const [flag = ""] = (flags[field] ?? flagOf(field)).split(",").slice(-1);
    return [field, command.getOptionValue(camelCase(flag.trim().slice(2)))] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

const camelCase = (flag: string): string =>
  flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

async function ask(
  fields: Readonly<Record<string, unknown>>,
  options: OutputOptions,
  terminal: Terminal,
): Promise<void> {
  // Checked here first: a slip is told at once, even when the agent is away.
  const request = checkRequest(fields);
  const client = new Client(parseAgentAddress(options.at, "--at").url);
  try {
    const answer = await client.request(request);
    terminal.out(options.table ? renderTable(request.type, answer) : renderJson(answer));
  } finally {
    await client.close();
  }
}
