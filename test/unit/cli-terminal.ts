// A terminal that remembers what was written to it, and one call of the command in this process.

import { run } from "../../controller-client/cli/program.js";
import type { Terminal } from "../../controller-client/cli/terminal.js";

export interface Written {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RecordingTerminal extends Terminal {
  readonly written: () => { readonly out: string; readonly err: string };
}

export function recordingTerminal(): RecordingTerminal {
  let out = "";
  let err = "";
  return {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    written: () => ({ out, err }),
  };
}

/** Runs `tallytree` with these arguments. */
export async function tallytree(...args: readonly string[]): Promise<Written> {
  const terminal = recordingTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written() };
}
