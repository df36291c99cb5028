// The command line of the examples: [host] [--port 8000] [--rounds N] [--interval seconds].

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client, TallyError } from "../index.js";

export interface ExampleArguments {
  readonly host: string;
  readonly client: Client;
  /** Waits an interval and yields, as often as --rounds says. */
  readonly rounds: () => AsyncGenerator<number>;
}

/** What holds when the command line does not say otherwise. */
export interface Standard {
  readonly host: string;
  /** Seconds before each round. */
  readonly interval: number;
  /** Default: without end. */
  readonly rounds?: number;
}

/** Runs an example; an error ends it with a sentence and exit code 1. */
export async function runExample(
  standard: Standard,
  example: (given: ExampleArguments) => Promise<void>,
): Promise<void> {
  let client: Client | undefined;
  try {
    const { host, port, rounds, interval } = readArguments(standard);
    client = new Client(`${host.includes(":") ? `[${host}]` : host}:${port}`);
    await example({ host, client, rounds: () => countRounds(rounds, interval) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await client?.close();
  }
}

function readArguments(standard: Standard) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "8000" },
      rounds: { type: "string", default: String(standard.rounds ?? Number.POSITIVE_INFINITY) },
      interval: { type: "string", default: String(standard.interval) },
    },
  });
  const [rounds, interval] = [Number(values.rounds), Number(values.interval)];
  if (!(rounds > 0)) throw new TallyError("bad_request", "--rounds: give a number above 0");
  if (!(interval >= 0 && interval <= 86_400)) throw new TallyError("bad_request", "--interval: give seconds");
  return { host: positionals[0] ?? standard.host, port: values.port, rounds, interval };
}

async function* countRounds(rounds: number, interval: number): AsyncGenerator<number> {
  for (let round = 1; round <= rounds; round++) {
    await sleep(interval * 1000);
    yield round;
  }
}
