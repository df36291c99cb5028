// Opening the tap that the options ask for, with a sentence for each way in which that fails.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { promisify } from "node:util";
import { guardPath, type Tap, type TapSource } from "../native/index.js";
import type { Options } from "./options.js";
import { StartError } from "./start-error.js";

const cleanTimeoutMs = 10_000;

type TapOptions = Pick<Options, "tap" | "ring" | "cores" | "queue" | "agentPort">;

/** The source that the options name. */
export function tapSource({ tap, ring, cores, queue, agentPort }: TapOptions): TapSource {
  if (tap === "packet") return { kind: "packet", ringMiB: ring, cores };
  return { kind: "nfqueue", queue, agentPort, guard: guardPath };
}

/** Opens the source and begins to read. Throws StartError. */
export function openSource(open: (source: TapSource) => Tap, source: TapSource): Tap {
  if (source.kind === "nfqueue" && !existsSync(source.guard)) {
    throw new StartError(`the nfqueue tap's guard is not built (${source.guard}): run "npm run setup"`);
  }
  try {
    const tap = open(source);
    tap.start();
    return tap;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(isDenied(cause) ? `${privilegeSentence(source)} (${reason})` : reason, { cause });
  }
}

/** Removes firewall rules that a killed monitor left behind; rejects with what the guard said. */
export async function cleanRules(): Promise<void> {
  if (!existsSync(guardPath)) return;
  const { stderr } = await promisify(execFile)(guardPath, ["--clean"], { timeout: cleanTimeoutMs });
  if (stderr !== "") throw new Error(stderr.trim());
}

function privilegeSentence({ kind }: TapSource): string {
  const needed = kind === "nfqueue" ? "CAP_NET_ADMIN" : "CAP_NET_RAW";
  return `the ${kind} tap needs the privilege to read packets: run as root or with ${needed}`;
}

function isDenied(error: unknown): boolean {
  const errno = (error as { errno?: unknown } | null)?.errno;
  if (typeof errno !== "number") return false;
  return [constants.errno.EPERM, constants.errno.EACCES].includes(Math.abs(errno));
}
