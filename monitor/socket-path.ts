// Owning a path in the file system as a unix socket: a live owner is respected, a stale socket is replaced.

import { once } from "node:events";
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { StartError } from "./start-error.js";

/** sockaddr_un holds no more (unix(7)); a longer path would be cut without a word. */
const maxPathBytes = 107;

/** Makes the path free to listen at. Throws StartError when a live monitor or another kind of file is there. */
export async function claimPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new StartError(`--socket ${path}: a socket's path has at most ${maxPathBytes} bytes`);
  }
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw new StartError(`--socket ${path}: there is a file here that is no socket`);
    if (await isAlive(path)) {
      throw new StartError(`a monitor runs already at ${path}: stop it, or give this one another --socket`);
    }
    unlinkSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** Listens at the path, with mode 0660 and the group `gid`. Throws StartError. */
export async function listenAt(server: Server, path: string, gid: number): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    await listenClosed(server, path);
    chownSync(path, -1, gid);
    chmodSync(path, 0o660);
  } catch (cause) {
    server.close();
    throw unusable(path, cause);
  }
}

/** The number of a group given by name or number. Throws StartError. */
export function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const entries = readFileSync("/etc/group", "utf8").split("\n");
  const entry = entries.find((line) => line.startsWith(`${group}:`));
  if (entry === undefined) throw new StartError(`--group ${group}: this host has no such group`);
  return Number(entry.split(":")[2]);
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

/** The socket is made for nobody else, so that no one can connect before its group is set. */
async function listenClosed(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await once(server, "listening");
}

function unusable(path: string, cause: unknown): StartError {
  if (cause instanceof StartError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartError(`cannot make the socket ${path}: ${reason}`, { cause });
}
