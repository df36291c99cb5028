// A sketch as an agent wants it: its filter, its counters, its watches.

import { TallyError } from "../controller-client/messages/index.js";
import type { SketchFilter, TapKind } from "../monitor/client.js";
import type { Watch } from "./watch.js";

export interface Counter {
  readonly keyType: string;
  readonly increment: "pkt" | "bytes";
  readonly capacity: number;
  /** Relative standard error of the number of distinct keys, when it is not the usual one. */
  readonly distinct?: number | undefined;
  /** Coarser key types to keep the spread by. */
  readonly spread?: readonly string[] | undefined;
  /** Share of a host's total above which a key is heavy, when a query gives none. */
  readonly threshold: number;
  /** Unix seconds: counts begin here. */
  since: number;
}

export interface Sketch {
  /** This agent's number for it. */
  readonly id: number;
  /** Its name between agents. */
  readonly uuid: string;
  /** 32 hex characters that key its hashes. */
  readonly secret: string;
  readonly filter: SketchFilter;
  readonly tap?: TapKind;
  /** Whether it keeps the sizes of its packets. */
  readonly sizes?: boolean;
  readonly label?: string;
  /** True for one exact rule: totals only, found by its fields. */
  readonly rule: boolean;
  /** Unix seconds: totals begin here. */
  since: number;
  readonly counters: Map<string, Counter>;
  /** By uuid. */
  readonly watches: Map<string, Watch>;
  /** True when the agent above wants it: that one decides when it ends. */
  inherited?: boolean;
  /** Why this host does not count it, if so. */
  problem?: string;
}

export type NewSketch = Omit<Sketch, "id" | "counters" | "watches"> & { readonly id?: number };

/** Without counters and watches. */
export const newSketch = (draft: NewSketch & { readonly id: number }): Sketch => ({
  ...draft,
  counters: new Map(),
  watches: new Map(),
});

/** What its monitor is asked to count. */
export const specOf = ({ keyType, increment, capacity, distinct, spread }: Counter) => ({
  keyType,
  increment,
  capacity,
  ...(distinct === undefined ? {} : { distinct }),
  ...(spread === undefined ? {} : { spread: [...spread] }),
});

/** The counter of a key type. Throws not_found. */
export function counterOf(sketch: Sketch, keyType: string): Counter {
  const counter = sketch.counters.get(keyType);
  if (counter !== undefined) return counter;
  const present = [...sketch.counters.keys()].join(", ") || "none";
  const message = `sketch ${sketch.id} has no counter "${keyType}" (it has: ${present}); send 'config sketch counter' first`;
  throw new TallyError("not_found", message, { field: "counter_key_type" });
}
