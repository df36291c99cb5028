// The test tiers: what each needs of the machine and which steps it has.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { check, counted, type Step } from "./steps.js";
import { vitest } from "./vitest-step.js";

export interface Tier {
  readonly name: string;
  /** Why this machine cannot run it; undefined when it can. */
  readonly obstacle: () => string | undefined;
  readonly steps: readonly Step[];
}

export interface TierOptions {
  /** Longer random runs. */
  readonly long: boolean;
}

/** All tiers, the quickest first. */
export const tiers = (options: TierOptions): readonly Tier[] => [
  unit(options),
  native(options),
  netns(options),
  mininet(),
];

function unit({ long }: TierOptions): Tier {
  const seeds = ["--seeds", `${long ? 5000 : 60}`];
  return {
    name: "unit",
    obstacle: () => missing("nats-server"),
    steps: [
      check("lint", "alone", ["npm", "run", "--silent", "lint"]),
      vitest("unit", "alone"),
      check("simulated network", "behind", ["node", "dist/test/simulation/run.js", ...seeds]),
    ],
  };
}

function native({ long }: TierOptions): Tier {
  const make = ["make", "--silent", "--no-print-directory", "-j2", "-C", "native/test"];
  return {
    name: "native",
    obstacle: () => missing("make", "g++", "clang++"),
    steps: [
      counted("core", "alone", [...make, "test"]),
      counted("core under sanitizers", "behind", [...make, "asan"]),
      check("soundness", "behind", [...make, "soundness", `COUNT=${long ? 200_000_000 : 20_000_000}`]),
      counted("threads under a sanitizer", "behind", [...make, "tsan"]),
      check("fuzz", "behind", [...make, "fuzz", `TIME=${long ? 600 : 10}`]),
      vitest("native", "alone"),
    ],
  };
}

function netns({ long }: TierOptions): Tier {
  const programs = ["ip", "iptables", "nft", "ping", "iperf3", "tcpdump", "ethtool", "nc", "setpriv", "zstd"];
  const machine = ["qemu-system-x86_64", "busybox", "cpio", "depmod"];
  return {
    name: "netns",
    obstacle: () => notRoot() ?? missing("nats-server", ...programs, ...(long ? machine : [])),
    steps: [
      vitest("netns", "beside"),
      vitest("netns-alone", "alone"),
      ...(long ? [counted("inline by nft in a virtual machine", "alone", ["test/machine/run.sh"])] : []),
    ],
  };
}

function mininet(): Tier {
  return {
    name: "mininet",
    obstacle: () => notRoot() ?? missing("mn", "python3"),
    steps: [vitest("mininet", "beside"), vitest("mininet-alone", "alone")],
  };
}

function notRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "it makes network namespaces and needs root";
}

function missing(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => !isInstalled(program));
  return absent.length === 0 ? undefined : `not installed: ${absent.join(", ")}`;
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
