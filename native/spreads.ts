// Encoded spreads: who talks to many.

import { addonAs } from "./addon.js";

/** Distinct keys by owner, columns, sorted by falling number. */
export interface FanOuts {
  readonly keys: readonly string[];
  readonly values: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** True while the ledger is exact: then values, lower and upper are equal and no owner is missing. */
  readonly exact: boolean;
}

interface Spreads {
  mergeSpreads(encoded: readonly Uint8Array[], secret: Uint8Array): Buffer;
  fanOuts(encoded: Uint8Array, secret: Uint8Array, by: string, spread?: Uint8Array): FanOuts;
}

const spreads = (): Spreads => addonAs<Spreads>();

/** The union of spreads; idempotent. Throws `incompatible` for other key types, widths or secrets. */
export const mergeSpreads = (encoded: readonly Uint8Array[], secret: Uint8Array): Buffer =>
  spreads().mergeSpreads(encoded, secret);

/**
 * How many keys of the ledger each key of the coarser type `by` owns. Certain bounds from the ledger alone; with
 * `spread`, of the same keys and read no earlier, estimates -+ two standard errors beyond what the ledger knows.
 */
export const fanOuts = (encoded: Uint8Array, secret: Uint8Array, by: string, spread?: Uint8Array): FanOuts =>
  spreads().fanOuts(encoded, secret, by, spread);
