// Answers about all keys of a counter, or all packets of a sketch, together.

import type { Count, CountDetail, KeyedCounts, KeyedDetail } from "./counts.js";
import type { Evidence } from "./evidence.js";

/** The largest keys; a key's `certain` speaks of its rank. */
export interface TopDetail extends KeyedDetail {
  /** The keys, the largest first: objects forget that order when keys are numbers. */
  readonly order: readonly string[];
}

/** Shannon entropy of the counts by key. */
export interface EntropyDetail extends Evidence {
  readonly value: number;
  /** With `upper`: certain bounds for the hosts covered. */
  readonly lower: number;
  readonly upper: number;
  /** `value` divided by what as many keys could have at most: 0 (one key has all) to 1 (all have the same). */
  readonly normalised: number;
  /** True when lower = upper. */
  readonly exact: boolean;
  readonly unit: "bits";
}

/** Flows (keys) whose size (count) lies within [from, to]. */
export type SizeRow = readonly [from: Count, to: Count, flows: number];

export interface SizeClassDetail {
  readonly from: Count;
  readonly to: Count;
  readonly flows: number;
  /** Those of them that are certainly of this size. */
  readonly exact: number;
}

/** Flow sizes over powers of two. */
export interface DistributionDetail extends Evidence {
  readonly value: readonly SizeRow[];
  readonly classes: readonly SizeClassDetail[];
  /** The sum over all classes. */
  readonly flows: number;
  /** Flows that are certainly in their class. */
  readonly certain: number;
  /** Flows without a count of their own, whose sizes are estimated. */
  readonly estimated: number;
  /** True when every flow is certainly in its class and none is missing. */
  readonly exact: boolean;
  /** What the sizes rest on. */
  readonly basis: string;
  readonly unit: "packets" | "bytes";
}

/** One owner: it has `value` distinct keys. */
export interface FanOutOfKey {
  readonly value: Count;
  readonly lower: Count;
  readonly upper: Count;
  readonly exact: boolean;
  /** False: it may not exceed the threshold, so the bare answer leaves it out. */
  readonly certain: boolean;
}

/** Who owns how many distinct keys. */
export interface SpreadDetail extends Evidence {
  readonly value: KeyedCounts;
  readonly keys: Readonly<Record<string, FanOutOfKey>>;
  /** The owners, the largest first. */
  readonly order: readonly string[];
  readonly exact: boolean;
  /** What the bounds rest on. */
  readonly basis: string;
  readonly unit: "keys";
}

/** One class of flows. */
export interface FlowClass {
  /** Over all flows of the window. */
  readonly mean: number;
  readonly deviation: number;
  /** mean + 3 deviations, which a member exceeds. */
  readonly threshold: number;
  /** How many members it has. */
  readonly size: number;
  /** The `k` largest members with their values. */
  readonly keys: Readonly<Record<string, number>>;
  readonly unit: string;
}

/** By what a flow stands out: size, duration, rate, burstiness. */
export type FlowTrait = "elephant" | "tortoise" | "cheetah" | "porcupine";

/** Flows that stand out among all flows of a window. */
export interface TaxonomyDetail extends Evidence {
  readonly value: Readonly<Record<FlowTrait, readonly string[]>>;
  readonly classes: Readonly<Record<FlowTrait, FlowClass>>;
  readonly flows: number;
  /** True when no second had more keys than it names. */
  readonly exact: boolean;
  /** What the traits rest on. */
  readonly basis: string;
  readonly unit: "packets" | "bytes";
}

/** Packets whose size lies within [from, to] bytes. */
export type SizeBucketRow = readonly [from: Count, to: Count, packets: Count];

/** IP total lengths of packets as on the wire, in bytes. Without packets all is 0. */
export interface SizesAnswer {
  readonly packets: Count;
  readonly bytes: Count;
  readonly mean: number;
  readonly min: Count;
  readonly p50: Count;
  readonly p90: Count;
  readonly p99: Count;
  readonly max: Count;
  /** Those with packets, ascending. */
  readonly buckets: readonly SizeBucketRow[];
}

/** All is exact but the quantiles, which are within these bounds. */
export interface SizesDetail extends Evidence {
  readonly value: SizesAnswer;
  readonly quantiles: Readonly<
    Record<
      "p50" | "p90" | "p99",
      { readonly value: Count; readonly lower: Count; readonly upper: Count; readonly exact: boolean }
    >
  >;
  /** True when every quantile is. */
  readonly exact: boolean;
  readonly unit: "bytes";
}

/** The bare and the detailed answer of each message about all keys of a counter. */
export interface CounterAnswers {
  readonly "query top": { readonly bare: KeyedCounts; readonly detail: TopDetail };
  readonly "query distinct": { readonly bare: Count; readonly detail: CountDetail };
  readonly "query entropy": { readonly bare: number; readonly detail: EntropyDetail };
  readonly "query spread": { readonly bare: KeyedCounts; readonly detail: SpreadDetail };
  readonly "query sizes": { readonly bare: SizesAnswer; readonly detail: SizesDetail };
  readonly "query taxonomy": { readonly bare: TaxonomyDetail["value"]; readonly detail: TaxonomyDetail };
  readonly "query distribution": { readonly bare: readonly SizeRow[]; readonly detail: DistributionDetail };
}

export type CounterDetail =
  | TopDetail
  | EntropyDetail
  | DistributionDetail
  | SpreadDetail
  | SizesDetail
  | TaxonomyDetail;
