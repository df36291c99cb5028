// What a lab must not leave behind, as one line each.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { labFolder } from "./mininet-lab.js";

export function remains(): readonly string[] {
  const links = spawnSync("ip", ["-o", "link"], { encoding: "utf8" }).stdout;
  const switches = [...links.matchAll(/^\d+: ([sh]\d+[^:@]*)/gm)].map(([, name]) => `device ${name}`);
  const folder = existsSync(labFolder) ? [`folder ${labFolder}`] : [];
  return [...switches, ...processes(), ...folder];
}

function processes(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && text(`/proc/${name}/environ`).includes("\0TALLYTREE_LAB="))
    .map((pid) => `process ${pid} ${text(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`);
}

/** A process may end while it is looked at. */
function text(path: string): string {
  try {
    return `\0${readFileSync(path, "utf8")}`;
  } catch {
    return "";
  }
}
