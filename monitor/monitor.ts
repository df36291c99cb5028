// The running monitor: puts the tap, the registry and the socket together, and takes them apart again.

import type { Logger } from "pino";
import type { Offloads } from "../native/index.js";
import { Capture } from "./capture.js";
import { MemoryBudget } from "./memory.js";
import { operations } from "./operations.js";
import type { Options } from "./options.js";
import { closeServer, monitorServer, trackConnections } from "./server.js";
import { type HostFacts, Sketches } from "./sketches.js";
import { claimPath, groupId, listenAt } from "./socket-path.js";
import { type RunningTap, startTap, type TapMachine } from "./tap.js";

/** What the monitor needs of the machine; a test passes its own. */
export interface Machine extends HostFacts, TapMachine {
  readonly offloads: () => Offloads;
  /** Removes rules that an earlier monitor left. */
  readonly cleanRules: () => Promise<void>;
}

export interface RunningMonitor {
  /** Ends the tap, removes its rules and the socket. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a monitor. Throws StartError, and then leaves nothing behind. */
export async function startMonitor(options: Options, machine: Machine, log: Logger): Promise<RunningMonitor> {
  const gid = groupId(options.group);
  await claimPath(options.socket);
  const running = startTap(options, machine);
  const { kind: tap, why } = running;
  const capture = new Capture(running, (reason) => log.error({ reason }, "the tap failed"));
  const server = monitorServer(performer(options, capture, withCores(machine, running)), (error) =>
    log.error({ err: error }),
  );
  const connections = trackConnections(server);
  try {
    await machine
      .cleanRules()
      .catch((error: unknown) => log.warn({ reason: String(error) }, "old rules not removed"));
    await listenAt(server, options.socket, gid);
  } catch (error) {
    await capture.stop();
    throw error;
  }
  if (tap === "cap") log.warn("the cap tap loses packets and does not say how many: it is for cross-checks");
  log.info({ socket: options.socket, tap, why }, "monitor is up");
  return {
    stop: async () => {
      await closeServer(server, connections);
      await capture.stop();
    },
  };
}

/** Each core counts for itself. */
const withCores = (machine: Machine, { cores }: RunningTap): Machine => ({
  ...machine,
  counterBytes: (spec) => cores * machine.counterBytes(spec),
  sizesBytes: () => cores * machine.sizesBytes(),
});

function performer(
  { memory, netns }: Options,
  capture: Capture,
  host: Machine,
): ReturnType<typeof operations> {
  const budget = new MemoryBudget(memory * 2 ** 20);
  const sketches = new Sketches({ capture, memory: budget, host: { ...host, netns } });
  return operations({ capture, memory: budget, sketches, offloads: host.offloads });
}
