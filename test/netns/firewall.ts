// A host's firewall as its tools show it, and a tap that puts rules there without Node.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host, Lab } from "../lab.js";

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

/** Sends a signal to everything in the host, or to all that has such a name. */
export function signalAll(host: Host, signal: NodeJS.Signals, name = /^/): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", host.namespace], { encoding: "utf8" });
  for (const pid of stdout.split("\n").filter(Boolean)) {
    try {
      if (name.test(readFileSync(`/proc/${pid}/comm`, "utf8").trim())) process.kill(Number(pid), signal);
    } catch {
      // It ended by itself.
    }
  }
}
