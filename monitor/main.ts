#!/usr/bin/env -S node --max-semi-space-size=1 --optimize-for-size --v8-pool-size=1 --expose-gc
// tallytree-monitor: reads the options, starts the monitor, ends it by a signal.

import { pino } from "pino";
import {
  checkCaptureFilter,
  counterBytes,
  deviceAbove,
  deviceExists,
  forgetStartup,
  lockFile,
  offloads,
  openTap,
  sizesBytes,
} from "../native/index.js";
import { startMonitor } from "./monitor.js";
import { parseOptions } from "./options.js";
import { StartError } from "./start-error.js";
import { cleanRules } from "./tap.js";

/** A stop that takes longer will not end by itself. */
const stopTimeoutMs = 5000;

const options = parseOptions(process.argv);
const log = pino({ level: options.logLevel, name: "tallytree-monitor" }, pino.destination(2));

try {
  const machine = {
    openTap,
    counterBytes,
    sizesBytes,
    deviceAbove,
    deviceExists,
    checkCaptureFilter,
    offloads,
    lockFile,
    cleanRules,
  };
  const monitor = await startMonitor(options, machine, log);
  forgetStartup();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(monitor.stop()));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`tallytree-monitor: ${error.message}\n`);
  process.exitCode = 1;
}

function end(stopped: Promise<void>): void {
  setTimeout(() => process.exit(1), stopTimeoutMs).unref();
  stopped.then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ err: error }, "stopping failed");
      process.exit(1);
    },
  );
}
