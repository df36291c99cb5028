// The test tiers: what each needs of the machine and which steps it has.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { check, counted, type Step, vitest } from "./steps.js";

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
export function tiers({ long }: TierOptions): readonly Tier[] {
  const make = ["make", "--silent", "--no-print-directory", "-j2", "-C", "native/test"];
  return [
    {
      name: "unit",
      obstacle: () => missing("nats-server"),
      steps: [
        check("lint", ["npm", "run", "--silent", "lint"]),
        vitest("unit"),
        check("simulated network", [
          "node",
          "dist/test/simulation/run.js",
          "--seeds",
          `${long ? 5000 : 300}`,
        ]),
      ],
    },
    {
      name: "native",
      obstacle: () => missing("make", "g++", "clang++"),
      steps: [
        counted("core", [...make, "test"]),
        counted("core under sanitizers", [...make, "asan"]),
        counted("threads under a sanitizer", [...make, "tsan"]),
        check("fuzz", [...make, "fuzz", `TIME=${long ? 600 : 20}`]),
        check("soundness", [...make, "soundness", `COUNT=${long ? 200_000_000 : 20_000_000}`]),
        vitest("native"),
      ],
    },
    {
      name: "netns",
      obstacle: () =>
        notRoot() ??
        missing(
          "ip",
          "iptables",
          "nft",
          "ping",
          "iperf3",
          "tcpdump",
          "ethtool",
          "nc",
          "setpriv",
          "zstd",
          "nats-server",
          ...(long ? ["qemu-system-x86_64", "busybox", "cpio", "depmod"] : []),
        ),
      steps: [
        vitest("netns"),
        ...(long ? [counted("inline by nft in a virtual machine", ["test/machine/run.sh"])] : []),
      ],
    },
    {
      name: "mininet",
      obstacle: () => notRoot() ?? missing("mn", "python3"),
      steps: [vitest("mininet")],
    },
  ];
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
