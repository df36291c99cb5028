// Opening the tap that the options ask for, with a sentence for each way in which that fails.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { promisify } from "node:util";
import { type TapKind, tapKinds } from "../controller-client/messages/index.js";
import { guardPath, type Tap, type TapSource } from "../native/index.js";
import type { Options } from "./options.js";
import { StartError } from "./start-error.js";

const cleanTimeoutMs = 10_000;

type TapOptions = Pick<
  Options,
  "tap" | "ring" | "cores" | "queue" | "agentPort" | "vxlanPort" | "device" | "filter"
>;

/** What opening a tap needs of the machine. */
export interface TapMachine {
  readonly openTap: (source: TapSource) => Tap;
  readonly deviceExists: (name: string) => boolean;
  /** Throws in libpcap's words. */
  readonly checkCaptureFilter: (expression: string) => void;
}

const privileges: Readonly<Record<TapKind, string>> = {
  packet: "CAP_NET_RAW",
  nfqueue: "CAP_NET_ADMIN",
  pcap: "CAP_NET_RAW",
};

/** Taps that take --device and --filter. */
const choosy: readonly TapKind[] = ["pcap"];

/** Opens the tap and begins to read. Throws StartError. */
export function startTap(options: TapOptions, machine: TapMachine): Tap {
  checkChoice(options, machine);
  const source = tapSource(options);
  if (source.kind === "nfqueue" && !existsSync(source.guard)) {
    throw new StartError(`the nfqueue tap's guard is not built (${source.guard}): run "npm run setup"`);
  }
  try {
    const tap = machine.openTap(source);
    tap.start();
    return tap;
  } catch (cause) {
    const reason = sentence(cause);
    throw new StartError(isDenied(cause) ? `${privilegeSentence(options.tap)} (${reason})` : reason, {
      cause,
    });
  }
}

/** The source that the options name. */
function tapSource({ tap, ring, cores, vxlanPort, queue, agentPort, device, filter }: TapOptions): TapSource {
  switch (tap) {
    case "packet":
      return { kind: tap, ringMiB: ring, cores, vxlanPort };
    case "nfqueue":
      return { kind: tap, queue, cores, agentPort, guard: guardPath };
    case "pcap":
      return { kind: tap, ringMiB: ring, ...(device && { device }), ...(filter && { filter }) };
  }
}

/** Before anything is opened: a slip in the filter must not look like a tap that does not work. */
function checkChoice({ tap, device, filter }: TapOptions, { deviceExists, checkCaptureFilter }: TapMachine) {
  const [given] = Object.entries({ device, filter }).find(([, value]) => value !== undefined) ?? [];
  if (given !== undefined && !choosy.includes(tap)) {
    const others = tapKinds.filter((kind) => choosy.includes(kind)).join(" and ");
    throw new StartError(
      `--${given} is for --tap ${others}: the ${tap} tap reads everything; give ${given} to a sketch`,
    );
  }
  if (device !== undefined && !deviceExists(device)) {
    throw new StartError(`--device ${device}: this host has no such network device`);
  }
  if (filter === undefined) return;
  try {
    checkCaptureFilter(filter);
  } catch (cause) {
    throw new StartError(`--filter ${JSON.stringify(filter)}: ${sentence(cause)}`, { cause });
  }
}

/** Removes firewall rules that a killed monitor left behind; rejects with what the guard said. */
export async function cleanRules(): Promise<void> {
  if (!existsSync(guardPath)) return;
  const { stderr } = await promisify(execFile)(guardPath, ["--clean"], { timeout: cleanTimeoutMs });
  if (stderr !== "") throw new Error(stderr.trim());
}

const sentence = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const privilegeSentence = (tap: TapKind): string =>
  `the ${tap} tap needs the privilege to read packets: run as root or with ${privileges[tap]}`;

function isDenied(error: unknown): boolean {
  const errno = (error as { errno?: unknown } | null)?.errno;
  if (typeof errno !== "number") return false;
  return [constants.errno.EPERM, constants.errno.EACCES].includes(Math.abs(errno));
}
