#!/usr/bin/env -S node --max-semi-space-size=1 --optimize-for-size --v8-pool-size=1
// tallytree-agent: reads its options, listens, gives up root, serves until it is told to stop.

import { readFileSync } from "node:fs";
import { pino } from "pino";
import { type AgentOptions, parseOptions } from "./options.js";
import { accountOf } from "./privileges.js";
import { startAgent } from "./service.js";
import { StartError } from "./start-error.js";

/** A stop that takes longer will not end by itself. */
const stopTimeoutMs = 5000;

try {
  const version = packageVersion();
  const options: AgentOptions = parseOptions(process.argv.slice(2), version);
  const log = pino({ level: options.logLevel, name: "tallytree-agent" }, pino.destination(2));
  const service = await startAgent({ options, version, account: accountOf(options.user), log });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(service.stop()));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`tallytree-agent: ${error.message}\n`);
  process.exit(1);
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function end(stopped: Promise<void>): void {
  setTimeout(() => process.exit(1), stopTimeoutMs).unref();
  stopped.then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
