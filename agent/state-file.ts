// What an agent keeps on disk: one JSON value a file, with its checksum before it, replaced in one step, so that a crash
// leaves the old value or the new one.

import { createHash } from "node:crypto";
import { accessSync, chownSync, constants, mkdirSync, readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TallyError } from "../controller-client/messages/index.js";
import type { Account } from "./privileges.js";
import { StartError } from "./start-error.js";

/** Makes the directory, which the account will own. Throws StartError. */
export function makeStateFolder(path: string, account: Account | undefined): void {
  try {
    const made = mkdirSync(path, { recursive: true, mode: 0o750 });
    if (made !== undefined && account !== undefined) chownSync(path, account.uid, account.gid);
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Throws StartError unless this process may write there. */
export function requireStateFolder(path: string): void {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(path, error);
  }
}

export class StateFile {
  readonly #path: string;
  /** One write at a time, in the order they were asked for: all go through one draft. */
  #turn: Promise<void> = Promise.resolve();

  constructor(folder: string, name: string) {
    this.#path = join(folder, `${encodeURIComponent(name)}.state`);
  }

  /** What was saved last; undefined when nothing was. Throws StartError for a file that is damaged. */
  load(): unknown {
    const text = this.#read();
    if (text === undefined) return undefined;
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (end > 0 && text.slice(0, end) === checksum(body)) return JSON.parse(body) as unknown;
    throw new StartError(`${this.#path} is damaged: move it away to start without it, or restore it`);
  }

  /** Resolves when the value will survive a crash. Rejects with unavailable. */
  async save(value: object): Promise<void> {
    const body = JSON.stringify(value);
    const written = this.#turn.then(() => this.#replace(body));
    this.#turn = written.catch(() => undefined);
    try {
      await written;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TallyError("unavailable", `this cannot be kept over a restart: ${reason}`, { cause });
    }
  }

  async #replace(body: string): Promise<void> {
    const draft = `${this.#path}.new`;
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(`${checksum(body)}\n${body}`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
    const folder = await open(dirname(this.#path), "r");
    await folder.sync().finally(() => folder.close());
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw unusable(this.#path, error);
    }
  }
}

const checksum = (body: string): string => createHash("sha256").update(body).digest("hex");

function unusable(path: string, error: unknown): StartError {
  const { code = "unknown reason" } = error as NodeJS.ErrnoException;
  return new StartError(
    `cannot use ${path} (${code}): give a directory that this agent may write, by --state`,
  );
}
