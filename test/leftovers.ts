// What a test run must not leave behind: namespaces, devices, firewall rules, processes, sockets and folders.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";

/** Every process of a run carries its id in this variable, whoever starts it and however deep. */
export const runVariable = "TALLYTREE_TEST_RUN";

/** Everything of the kinds above that is there now, one line each. */
export function snapshot(run: string): ReadonlySet<string> {
  return new Set([
    ...lines("ip", "netns", "list").map((line) => `namespace ${line.split(" ")[0]}`),
    ...lines("ip", "-o", "link").map((line) => `device ${/^\d+: ([^:@]+)/.exec(line)?.[1]}`),
    ...["iptables-save", "ip6tables-save"].flatMap(rules),
    ...lines("nft", "list", "tables").filter((line) => line.endsWith("tallytree")),
    ...processes(run),
    ...entries("/run/tallytree").map((name) => `socket /run/tallytree/${name}`),
    ...entries(tmpdir())
      .filter((name) => name.startsWith("tallytree-"))
      .map((name) => `folder ${tmpdir()}/${name}`),
  ]);
}

/** What is there now and was not there before. */
export function leftovers(before: ReadonlySet<string>, run: string): readonly string[] {
  return [...snapshot(run)].filter((item) => !before.has(item));
}

function lines(file: string, ...args: readonly string[]): readonly string[] {
  return (spawnSync(file, args, { encoding: "utf8" }).stdout ?? "").split("\n").filter(Boolean);
}

function rules(save: string): readonly string[] {
  return lines(save)
    .filter((line) => /tally/i.test(line))
    .map((line) => `rule (${save}) ${line.replace(/\[\d+:\d+\]/, "").trim()}`);
}

function processes(run: string): readonly string[] {
  return entries("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readText(`/proc/${pid}/environ`).split("\0").includes(`${runVariable}=${run}`))
    .map((pid) => `process ${pid} ${readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim()}`);
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process may end while it is looked at. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
