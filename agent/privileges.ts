// Giving up root once everything that needs it (a low port, files only root can read) is done.

import { readFileSync } from "node:fs";
import { StartError } from "./start-error.js";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Whom to become; undefined when there is nothing to give up. Throws StartError for an unknown user. */
export function accountOf(user: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [name, , uid, gid] = passwdEntry(user).split(":");
  if (!name || !uid || !gid)
    throw new StartError(`there is no user "${user.slice(0, 40)}" on this host: give another by --user`);
  return Number(uid) === 0 ? undefined : { name, uid: Number(uid), gid: Number(gid) };
}

/** Becomes the account for good, with none of root's groups. */
export function become({ uid, gid }: Account): void {
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.getgid?.() !== gid || canRegainRoot()) {
    throw new StartError("giving up root failed: this agent must not run");
  }
}

function passwdEntry(user: string): string {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return lines.find((line) => line.startsWith(`${user}:`)) ?? "";
}

function canRegainRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
