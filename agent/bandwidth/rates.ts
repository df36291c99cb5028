// From an iperf3 report to MBytes/s (10^6 bytes).

import { TallyError } from "../../controller-client/messages/index.js";

export interface Rates {
  /** As the receiver counted them over the whole test, with 2 decimals. */
  readonly value: number;
  /** Of the slowest and the fastest second, as the sender saw them. */
  readonly lower: number;
  readonly upper: number;
}

const bitsPerMByte = 8e6;

interface Report {
  readonly end?: { readonly sum_received?: Rate };
  readonly intervals?: readonly { readonly sum?: Rate }[];
}

interface Rate {
  readonly bits_per_second?: unknown;
}

/** Throws TallyError unavailable for a report without a rate. */
export function ratesOf(report: unknown): Rates {
  const { end, intervals = [] } = (report ?? {}) as Report;
  const value = rateOf(end?.sum_received);
  if (value === undefined) throw new TallyError("unavailable", "the test ended without a result: ask again");
  const seconds = intervals.map(({ sum }) => rateOf(sum)).filter((rate) => rate !== undefined);
  return { value, lower: Math.min(value, ...seconds), upper: Math.max(value, ...seconds) };
}

function rateOf(rate: Rate | undefined): number | undefined {
  const bits = rate?.bits_per_second;
  if (typeof bits !== "number" || !Number.isFinite(bits) || bits < 0) return undefined;
  return Math.round((bits / bitsPerMByte) * 100) / 100;
}
