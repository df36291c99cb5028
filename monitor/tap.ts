// Opening the tap that the options ask for, with a sentence for each way in which that fails.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TapKind } from "../controller-client/messages/index.js";
import { guardPath, type Tap, type TapSource } from "../native/index.js";
import type { Options } from "./options.js";
import { StartError } from "./start-error.js";

const cleanTimeoutMs = 10_000;

export type TapOptions = Pick<
  Options,
  "tap" | "ring" | "cores" | "queue" | "agentPort" | "vxlanPort" | "device" | "filter" | "netns"
>;

/** What opening a tap needs of the machine. */
export interface TapMachine {
  readonly openTap: (source: TapSource) => Tap;
  readonly deviceExists: (name: string) => boolean;
  /** Throws in libpcap's words. */
  readonly checkCaptureFilter: (expression: string, rawFrames?: boolean) => void;
}

export interface RunningTap {
  readonly kind: TapKind;
  readonly tap: Tap;
  /** How many threads count, each for itself. */
  readonly cores: number;
  /** Why this one, when the choice was left to the monitor. */
  readonly why?: string;
}

const privileges: Readonly<Record<TapKind, string>> = {
  packet: "CAP_NET_RAW",
  nfqueue: "CAP_NET_ADMIN",
  nflog: "CAP_NET_ADMIN",
  pcap: "CAP_NET_RAW",
  cap: "CAP_NET_RAW",
};

/** Those that can do no harm, the best first. */
const automatic: readonly TapKind[] = ["packet", "nflog", "pcap"];

/** Taps that take --device and --filter. */
const choosy: readonly TapKind[] = ["pcap", "cap"];

/** The tap that takes --netns. */
const spacious: readonly TapKind[] = ["packet"];

/** The program behind the cap tap. */
const capReader = fileURLToPath(new URL("./cap-reader.js", import.meta.url));

/** Opens the tap and begins to read. Throws StartError. */
export function startTap(options: TapOptions, machine: TapMachine): RunningTap {
  checkChoice(options, machine);
  if (options.tap === "auto") return startBest(options, machine);
  return open(options.tap, options, machine);
}

/** The first that works. */
function startBest(options: TapOptions, machine: TapMachine): RunningTap {
  const given = choice(options);
  const serving = given === "netns" ? spacious : choosy;
  const kinds = automatic.filter((kind) => given === undefined || serving.includes(kind));
  const others = automatic.filter((kind) => !kinds.includes(kind)).join(" and ");
  const refusals = given === undefined ? [] : [`the ${others} taps have no --${given}`];
  for (const kind of kinds) {
    try {
      const running = open(kind, options, machine);
      const why = refusals.length === 0 ? "it sees all traffic at the least cost" : refusals.join("; ");
      return { ...running, why };
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      refusals.push(error.message);
    }
  }
  throw new StartError(`no tap works here: ${refusals.join("; ")}`);
}

function open(kind: TapKind, options: TapOptions, { openTap }: TapMachine): RunningTap {
  const source = tapSource(kind, options);
  if ("guard" in source && !existsSync(source.guard)) {
    throw new StartError(`the ${kind} tap's guard is not built (${source.guard}): run "npm run setup"`);
  }
  try {
    const tap = openTap(source);
    tap.start();
    return { kind, tap, cores: kind === "packet" || kind === "nfqueue" ? options.cores : 1 };
  } catch (cause) {
    const reason = sentence(cause);
    throw new StartError(isDenied(cause) ? `${privilegeSentence(kind, options)} (${reason})` : reason, {
      cause,
    });
  }
}

/** The source that the options name. */
function tapSource(kind: TapKind, options: TapOptions): TapSource {
  const { ring, cores, vxlanPort, queue, agentPort, device, filter, netns } = options;
  switch (kind) {
    case "packet":
      return { kind, ringMiB: ring, cores, vxlanPort, ...(netns && { netns }) };
    case "nfqueue":
      return { kind, queue, cores, agentPort, guard: guardPath, vxlanPort };
    case "nflog":
      return { kind, group: queue, guard: guardPath, ringMiB: Math.min(ring, 1024), vxlanPort };
    case "pcap":
      return { kind, ringMiB: ring, vxlanPort, ...(device && { device }), ...(filter && { filter }) };
    case "cap": {
      if (device === undefined) throw new StartError("the cap tap reads one device: name it by --device");
      return { kind, device, ...(filter && { filter }), node: process.execPath, program: capReader };
    }
  }
}

const choice = (options: TapOptions): "device" | "filter" | "netns" | undefined =>
  (["netns", "filter", "device"] as const).find((name) => options[name] !== undefined);

/** Before anything is opened: a slip in the filter must not look like a tap that does not work. */
function checkChoice(options: TapOptions, { deviceExists, checkCaptureFilter }: TapMachine): void {
  const { tap, device, filter } = options;
  checkNetns(options);
  const given = choice(options);
  if (given !== undefined && given !== "netns" && tap !== "auto" && !choosy.includes(tap)) {
    const message = `--${given} is for --tap ${choosy.join(" and ")}: the ${tap} tap reads everything`;
    throw new StartError(
      `${message}; give ${given === "device" ? "the device" : "what you want"} to a sketch`,
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

function checkNetns({ tap, netns, cores, device, filter }: TapOptions): void {
  if (netns === undefined) return;
  if (tap !== "packet" && tap !== "auto") {
    throw new StartError(`--netns is for --tap packet: the ${tap} tap sees its own network namespace only`);
  }
  if (cores > 1) throw new StartError("--netns reads all network namespaces on one core: leave out --cores");
  if (device ?? filter) throw new StartError("--netns reads everything: leave out --device and --filter");
}

/** Removes firewall rules that a killed monitor left behind; rejects with what the guard said. */
export async function cleanRules(): Promise<void> {
  if (!existsSync(guardPath)) return;
  const { stderr } = await promisify(execFile)(guardPath, ["--clean"], { timeout: cleanTimeoutMs });
  if (stderr !== "") throw new Error(stderr.trim());
}

const sentence = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const privilegeSentence = (kind: TapKind, { netns }: TapOptions): string => {
  const besides = netns === undefined ? "" : " and CAP_SYS_ADMIN";
  return `the ${kind} tap needs the privilege to read packets: run as root or with ${privileges[kind]}${besides}`;
};

function isDenied(error: unknown): boolean {
  const errno = (error as { errno?: unknown } | null)?.errno;
  if (typeof errno !== "number") return false;
  return [constants.errno.EPERM, constants.errno.EACCES].includes(Math.abs(errno));
}
