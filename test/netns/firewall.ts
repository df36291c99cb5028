// A host's firewall as its tools show it, and a tap that puts rules there without Node.

import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host, Lab } from "../lab.js";
import { program } from "../lab-network.js";

const root = join(import.meta.dirname, "../..");
export const guard = join(root, "build/Release/tallytree-guard");

export function buildLiveSource(): void {
  const { status, stderr } = spawnSync("make", ["-s", "-C", join(root, "native/test"), "live"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`make live: ${stderr}`);
}

/** The command of a tap alone: it starts and ends in no time. */
export const liveSource = (tap: string) => [
  join(root, "build/native-test/live-source"),
  tap,
  "--guard",
  guard,
];

/** Of IPv4 and of IPv6. */
export type Tools = readonly [string, string];
export const legacyTools: Tools = ["iptables-legacy", "ip6tables-legacy"];

/** Rules of both families without their counters. */
export async function savedRules(
  lab: Lab,
  host: Host,
  [four, six]: Tools = ["iptables", "ip6tables"],
): Promise<string> {
  const saved = [await lab.must(host, `${four}-save`), await lab.must(host, `${six}-save`)];
  return saved
    .join("")
    .replace(/^#.*\n/gm, "")
    .replace(/\[\d+:\d+\]/g, "");
}

export const ours = (saved: string) => saved.split("\n").filter((line) => /tally/i.test(line));

/** Each family's two chains are there with what they do, whatever is measured. */
export const filled = (saved: string) =>
  ours(saved).filter((line) => /^-A TALLYTREE.* -j NF(QUEUE|LOG)/.test(line)).length === 4;

/** They are jumped to, as both directions are measured: filled in the same step, or before. */
export const stand = (saved: string) =>
  ours(saved).filter((line) => /^-A (IN|OUT)PUT -m comment .*TALLYTREE/.test(line)).length === 4;

/** Kills everything in the host: monitor, guard, and what the guard runs. */
export const killAll = (host: Host): void => signalAll(host, "SIGKILL");

/** Sends a signal to everything in the host, or to all that has that name. */
export function signalAll(host: Host, signal: NodeJS.Signals, name?: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", host.namespace], { encoding: "utf8" });
  for (const pid of stdout.split("\n").filter(Boolean)) {
    try {
      const isMeant = name === undefined || readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name;
      if (isMeant) process.kill(Number(pid), signal);
    } catch {
      // It ended by itself.
    }
  }
}

/** Host 1's monitor, for an agent of host 1. */
export function monitorArgv(lab: Lab, options: readonly string[]): readonly string[] {
  return [...program("monitor"), "--socket", join(lab.folder, "h1.sock"), ...options];
}

/** A program for which `iptables` is iptables-legacy and the lock of xtables is a file of the lab. */
export function withLegacy(lab: Lab, argv: readonly string[]): readonly string[] {
  const lock = join(lab.folder, "xtables.lock");
  writeFileSync(lock, "");
  const mounts = [
    "mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi",
    `touch /run/xtables.lock && mount --bind ${lock} /run/xtables.lock`,
  ];
  return ["sh", "-c", `${mounts.join(" && ")} && exec "$@"`, "sh", ...argv];
}

/** A program for whose `iptables` a script of bash stands: `as NAME ARGUMENT...` is the real one. */
export function withScript(lab: Lab, argv: readonly string[], script: string): readonly string[] {
  const real = "/usr/sbin/xtables-nft-multi";
  const [copy, wrapper] = [join(lab.folder, "xtables"), join(lab.folder, "wrapper")];
  copyFileSync(real, copy);
  const lines = [
    "#!/bin/bash",
    `as() { (exec -a "$1" ${copy} "\${@:2}"); }`,
    `tool=$(basename "$0")`,
    script,
  ];
  writeFileSync(wrapper, lines.join("\n"), { mode: 0o755 });
  return ["sh", "-c", `mount --bind ${wrapper} ${real} && exec "$@"`, "sh", ...argv];
}
