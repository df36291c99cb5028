// The folder that a checkpoint is kept in: files that never change, and a head that names them with their checksums and
// is replaced in one step. So whatever ends the process, the checkpoint is the one before or the one after. Nothing is
// flushed to the disk: that outlives the process without, and a power cut leaves at worst a checkpoint that is refused.

import { createHash } from "node:crypto";
import { closeSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { open, rename, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "./start-error.js";

/** A file of the checkpoint. */
export interface Part {
  readonly file: number;
  /** Checksum of its content. */
  readonly sum: string;
}

const headName = "checkpoint";
const asideName = "refused";
const partName = /^(\d+)\.part$/;

/** What cannot be read is no checkpoint; the message says why. */
export class Damaged extends Error {}

export class CheckpointFolder {
  readonly #path: string;
  readonly #lock: number;
  #files: Set<number>;
  #last: number;

  /** Makes the folder and takes it for this process. `lockFile`: as of the add-on. Throws StartError. */
  constructor(path: string, lockFile: (path: string) => number) {
    this.#path = path;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      this.#lock = lockFile(join(path, "lock"));
      this.#files = new Set(readdirSync(path).flatMap(numberOf));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`cannot keep checkpoints in ${path} (${reason}): give another --state`, { cause });
    }
    if (this.#lock < 0)
      throw new StartError(`another monitor keeps its checkpoints in ${path}: give this one another --state`);
    this.#last = Math.max(0, ...this.#files);
  }

  get path(): string {
    return this.#path;
  }

  /** What replaceHead was given, and up to when it holds: ms since 1970. Undefined when there is none. Throws Damaged. */
  head(): { readonly head: object; readonly at: number } | undefined {
    const path = join(this.#path, headName);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    const text = readFileSync(path, "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (end < 0 || text.slice(0, end) !== checksum(body)) throw new Damaged(`${path} is damaged`);
    const { at, inode, head } = JSON.parse(body) as { at: number; inode: number; head: object };
    const { ino, mtimeMs } = statSync(path);
    // A copy of the file may have any time.
    return { head, at: ino === inode ? Math.max(at, mtimeMs) : at };
  }

  /** Throws Damaged. */
  part({ file, sum }: Part): Buffer {
    const path = this.#pathOf(file);
    if (!this.#files.has(file)) throw new Damaged(`${path} is missing`);
    const bytes = readFileSync(path);
    if (checksum(bytes) !== sum) throw new Damaged(`${path} is damaged`);
    return bytes;
  }

  /** Rejects with the system's error. */
  async write(bytes: Uint8Array): Promise<Part> {
    this.#last += 1;
    const file = this.#last;
    this.#files.add(file);
    await writeFile(this.#pathOf(file), bytes, { mode: 0o600 });
    return { file, sum: checksum(bytes) };
  }

  /** From here on the head and `parts` are the checkpoint, which holds up to `at`. Rejects with the system's error. */
  async replaceHead(head: object, at: number, parts: ReadonlySet<number>): Promise<void> {
    const draft = join(this.#path, `${headName}.new`);
    const file = await open(draft, "w", 0o600);
    try {
      const body = JSON.stringify({ at, inode: (await file.stat()).ino, head });
      await file.writeFile(`${checksum(body)}\n${body}`);
      await file.utimes(at / 1000, at / 1000);
    } finally {
      await file.close();
    }
    await rename(draft, join(this.#path, headName));
    const unused = [...this.#files].filter((file) => !parts.has(file));
    for (const file of unused) this.#files.delete(file);
    await Promise.all(unused.map((file) => unlink(this.#pathOf(file)).catch(() => undefined)));
  }

  /** The checkpoint holds up to this time (ms): nothing has changed since. */
  async touch(at: number): Promise<void> {
    await utimes(join(this.#path, headName), at / 1000, at / 1000);
  }

  /** Moves what is there out of the way, in place of what was moved there before; its new path. */
  setAside(): string {
    const aside = join(this.#path, asideName);
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { mode: 0o700 });
    const names = readdirSync(this.#path).filter((name) => name.startsWith(headName) || partName.test(name));
    for (const name of names) renameSync(join(this.#path, name), join(aside, name));
    this.#files = new Set();
    return aside;
  }

  /** Lets another process have it. */
  close(): void {
    closeSync(this.#lock);
  }

  #pathOf(file: number): string {
    return join(this.#path, `${file}.part`);
  }
}

function numberOf(name: string): readonly number[] {
  const number = partName.exec(name)?.[1];
  return number === undefined ? [] : [Number(number)];
}

const checksum = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("base64url");
