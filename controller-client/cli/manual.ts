// Help as a manual page: NAME, SYNOPSIS, DESCRIPTION, COMMANDS, OPTIONS, EXAMPLES, EXIT STATUS.

import type { Command, Help } from "commander";

export interface Manual {
  /** Half a sentence for NAME and for lists of commands. */
  readonly summary: string;
  /** Paragraphs of DESCRIPTION. */
  readonly about: readonly string[];
  readonly examples: readonly string[];
}

const textWidth = 78;
const indent = "       ";

/** Gives a command its manual page, shown by --help. */
export function document(command: Command, manual: Manual): Command {
  return command
    .summary(manual.summary)
    .description(manual.summary)
    .helpOption("-h, --help", "show this manual page")
    .configureHelp({ formatHelp: (shown, helper) => formatManual(shown, helper, manual) });
}

function formatManual(command: Command, helper: Help, manual: Manual): string {
  const name = fullName(command);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["NAME", [`${name.replaceAll(" ", "-")} - ${manual.summary}`]],
    ["SYNOPSIS", [helper.commandUsage(command)]],
    [
      "DESCRIPTION",
      manual.about.flatMap((paragraph, index) => [...(index > 0 ? [""] : []), ...wrap(paragraph)]),
    ],
    ["COMMANDS", helper.visibleCommands(command).flatMap((child) => entry(fullName(child), child.summary()))],
    ["ARGUMENTS", helper.visibleArguments(command).flatMap((one) => entry(one.name(), one.description))],
    [
      "OPTIONS",
      helper.visibleOptions(command).flatMap((one) => entry(one.flags, helper.optionDescription(one))),
    ],
    ["EXAMPLES", manual.examples],
    ["EXIT STATUS", ["0 on success; 1 on any error, with one sentence on standard error."]],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(formatSection)
    .join("\n");
}

const formatSection = ([title, lines]: readonly [string, readonly string[]]): string =>
  `${title}\n${lines.map((line) => `${indent}${line}`.trimEnd()).join("\n")}\n`;

const entry = (term: string, text: string): readonly string[] =>
  text === "" ? [term] : [term, ...wrap(text, textWidth - 4).map((line) => `    ${line}`)];

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function wrap(text: string, width = textWidth): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
