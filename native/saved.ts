// What is kept of counters and packet sizes, so that a later process can go on with them.

import { addonAs } from "./addon.js";

/** What one core has of a counter, or of a sketch's packet sizes. */
export interface Saved {
  /** All but the sealed panes. */
  readonly state: Uint8Array;
  /** Sealed seconds and minutes, which never change. */
  readonly panes: readonly { readonly serial: number; readonly bytes: Uint8Array }[];
  /** The serials of all panes that belong to it, in order of time. */
  readonly kept: readonly number[];
}

/** The same, whole. */
export interface Kept {
  readonly state: Uint8Array;
  readonly panes: readonly Uint8Array[];
}

interface Addon {
  lockFile(path: string): number;
}

/**
 * Opens a file, made if need be, for this process alone: a descriptor that holds it until it is closed, or -1 when another
 * has it. Throws with `errno`.
 */
export const lockFile = (path: string): number => addonAs<Addon>().lockFile(path);
