// The running monitor: puts the tap, the registry and the socket together, and takes them apart again.

import type { Logger } from "pino";
import type { Offloads } from "../native/index.js";
import { Capture } from "./capture.js";
import { CheckpointFolder } from "./checkpoint-folder.js";
import { Checkpoints } from "./checkpoints.js";
import { MemoryBudget } from "./memory.js";
import { operations } from "./operations.js";
import type { Options } from "./options.js";
import { loadCheckpoint, resume, stateBeside } from "./resumption.js";
import { closeServer, monitorServer, trackConnections } from "./server.js";
import { type HostFacts, Sketches } from "./sketches.js";
import { claimPath, groupId, listenAt } from "./socket-path.js";
import { type RunningTap, startTap, type TapMachine } from "./tap.js";

/** What the monitor needs of the machine; a test passes its own. */
export interface Machine extends HostFacts, TapMachine {
  readonly offloads: () => Offloads;
  /** Removes rules that an earlier monitor left. */
  readonly cleanRules: () => Promise<void>;
  /** As of the add-on. */
  readonly lockFile: (path: string) => number;
}

export interface RunningMonitor {
  /** Ends the tap, removes its rules and the socket. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a monitor. Throws StartError, and then leaves nothing behind but a lock file that nobody holds. */
export async function startMonitor(options: Options, machine: Machine, log: Logger): Promise<RunningMonitor> {
  const gid = groupId(options.group);
  await claimPath(options.socket);
  const folder = stateFolder(options, machine);
  try {
    return await startWith(options, { machine, gid, folder, log });
  } catch (error) {
    // The file stays: a monitor that has it open already must not hold another one than the next does.
    folder?.close();
    throw error;
  }
}

interface Ground {
  readonly machine: Machine;
  readonly gid: number;
  readonly folder: CheckpointFolder | undefined;
  readonly log: Logger;
}

async function startWith(options: Options, { machine, gid, folder, log }: Ground): Promise<RunningMonitor> {
  const running = startTap(options, machine);
  const { kind: tap, why } = running;
  const capture = new Capture(running, (reason) => log.error({ reason }, "the tap failed"));
  const parts = await assemble(options, { capture, folder, host: withCores(machine, running), log });
  const server = monitorServer(operations(parts), (error) => log.error({ err: error }));
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
  parts.checkpoints?.start();
  return {
    stop: async () => {
      await closeServer(server, connections);
      await parts.checkpoints?.stop();
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

/** A second monitor at one folder is refused before it opens a tap. */
const stateFolder = ({ state, socket }: Options, { lockFile }: Machine): CheckpointFolder | undefined =>
  state === false ? undefined : new CheckpointFolder(state ?? stateBeside(socket), lockFile);

interface Base {
  readonly capture: Capture;
  readonly folder: CheckpointFolder | undefined;
  readonly host: Machine;
  readonly log: Logger;
}

/** What the monitor works with, as far as an earlier one has come. */
async function assemble(options: Options, { capture, folder, host, log }: Base) {
  const memory = new MemoryBudget(options.memory * 2 ** 20);
  const sketches = new Sketches({ capture, memory, host: { ...host, netns: options.netns } });
  const parts = { capture, memory, sketches, offloads: host.offloads };
  if (folder === undefined) return { ...parts, checkpoints: undefined };
  const found = loadCheckpoint(folder, capture.kind, log);
  if (found !== undefined) await resume(found, { capture, sketches, folder, log });
  const checkpoints = new Checkpoints({ capture, sketches, folder, onTrouble: reportTrouble(log) });
  return { ...parts, checkpoints, resumed: found !== undefined, kept: () => checkpoints.now() };
}

const reportTrouble = (log: Logger) => (reason?: string) =>
  reason === undefined
    ? log.info("checkpoints are kept again")
    : log.error({ reason }, "no checkpoint is kept");
