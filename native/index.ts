// The typed face of the add-on: taps that count packets in this process, and the algebra of what they counted.
// Everything native is declared in this folder; nothing else loads the add-on.

import { addonAs, built } from "./addon.js";
import { openCores } from "./cores.js";
import { mergeDistinct } from "./distincts.js";
import { mergeLedgers } from "./ledgers.js";
import { mergeSizes } from "./sizes.js";
import { mergeSpreads } from "./spreads.js";
import type { CounterSpec, Tap, TapSource } from "./tap.js";
import type { Offloads } from "./tap-stats.js";

export * from "./distincts.js";
export * from "./ledgers.js";
export * from "./saved.js";
export * from "./sizes.js";
export * from "./spreads.js";
export * from "./tap.js";
export * from "./tap-stats.js";
export * from "./views.js";

interface Addon {
  openTap(source: TapSource & { readonly group?: number }): Tap & { readonly group?: number };
  counterBytes(spec: CounterSpec): number;
  capacityFor(share: number, width: number): number;
  checkKey(keyType: string, key: string): string;
  deviceExists(name: string): boolean;
  deviceAbove(name: string): string;
  checkCaptureFilter(expression: string, rawFrames: boolean): void;
  offloads(): Offloads;
  forgetStartup(): void;
}

/** Path of the program that owns the nfqueue tap's firewall rules. */
export const guardPath = built("tallytree-guard");

const addon = (): Addon => addonAs<Addon>();

/** Opens a source on a thread of its own; Tap.start begins reading. Throws with `code` "tap", a sentence, and `errno` from the system. */
export function openTap(source: TapSource): Tap {
  if (!("cores" in source) || (source.cores ?? 1) === 1) return addon().openTap(source);
  const algebra = { mergeDistinct, mergeLedgers, mergeSizes, mergeSpreads };
  return openCores(source, { openTap: addon().openTap, ...algebra });
}

/** The ceiling in bytes of one counter: cumulative ledger, open panes, distinct sets, sealed seconds and minutes. */
export const counterBytes = (spec: CounterSpec): number => addon().counterBytes(spec);

/** The least capacity that tells every key of at least `share` of the total within `width` of its count, whatever the
 * traffic. Both above 0, at most 1. Throws `bad_request`. */
export const capacityFor = (share: number, width: number): number => addon().capacityFor(share, width);

/** The canonical text of a key ("2001:DB8::0,80" -> "2001:db8::,80"); throws `bad_request` with what is wrong. */
export const checkKey = (keyType: string, key: string): string => addon().checkKey(keyType, key);

/** True when a network device of that name exists in this network namespace. */
export const deviceExists = (name: string): boolean => addon().deviceExists(name);

/** The bridge, bond or team that has this device as a port and shows its packets again; "": none. */
export const deviceAbove = (name: string): string => addon().deviceAbove(name);

/** Throws `bad_request` in libpcap's own words when the text is no filter expression of its language, for Ethernet or for bare IP. */
export const checkCaptureFilter = (expression: string, rawFrames = false): void =>
  addon().checkCaptureFilter(expression, rawFrames);

/** What makes the kernel hand over super-packets, on each device but loopback. */
export const offloads = (): Offloads => addon().offloads();

/** Lets go of the pages of Node's own file that only starting up needed, 20 MB: a program that has started calls it once. */
export const forgetStartup = (): void => addon().forgetStartup();
