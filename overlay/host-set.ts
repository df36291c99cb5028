// The names of a subtree's hosts, and a short digest by which two agents know that they mean the same ones: a child
// that would list the hosts that its parent knows already says so instead, whatever their number.

import { createHash } from "node:crypto";

export interface HostSet {
  readonly names: readonly string[];
  readonly digest: string;
}

/** Order does not matter. Names have no line breaks. */
export const hostSet = (names: readonly string[]): HostSet => ({ names, digest: digestOf(names) });

export const digestOf = (names: readonly string[]): string =>
  createHash("sha256")
    .update([...names].sort().join("\n"))
    .digest("hex")
    .slice(0, 32);
