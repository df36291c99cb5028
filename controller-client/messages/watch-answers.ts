// What the messages about watches are answered.

import type { Count } from "./counts.js";
import type { Coverage, Loss } from "./evidence.js";
import type { RecentWindow } from "./windows.js";

/** A watch as `query sketches` lists it, in the words of `watch`. */
export interface WatchInfo {
  readonly watch_id: number;
  readonly counter_key_type: string;
  readonly counter_key?: string;
  readonly above?: number;
  readonly below?: number;
  readonly window: RecentWindow;
  readonly scope: "subtree" | "host";
  readonly group_by?: string;
  readonly send_to?: string;
  readonly label?: string;
  /** Its name between agents; with detail. */
  readonly watch?: string;
}

/** A count that is beyond a watch's limit. */
export interface Beyond {
  /** UUID of the watch: its name between agents. */
  readonly watch: string;
  /** With scope host: whose count. */
  readonly host?: string;
  /** With scope subtree: the agent that judged the sum. */
  readonly agent?: string;
  /** The key that crossed, or key_num, or total. */
  readonly key: string;
  /** The count over the window where it was farthest beyond; it certainly was within [lower, upper]. */
  readonly value: Count;
  readonly lower: Count;
  readonly upper: Count;
}

/** From when the condition certainly held until it certainly did not: one alert, however long. */
export interface Alert extends Beyond {
  /** False: it may have ended, which cannot be told at the moment. */
  readonly certain: boolean;
  /** True when the last count had every host and all of the window. */
  readonly complete: boolean;
  /** Unix seconds: the end of the first window that was beyond. */
  readonly since: number;
  /** Unix seconds: the end of the first window that was not; absent while it lasts. */
  readonly until?: number;
}

/** Which watch it is to the agent asked. */
interface Named {
  readonly watch_id: number;
  readonly label?: string;
}

export type NamedAlert = Alert & Named;

/** Why a watch is not judged, or an alert not sent. */
export interface WatchProblem {
  readonly watch: string;
  /** The agent that judges. */
  readonly host: string;
  readonly problem: string;
}

export interface AlertsDetail {
  readonly value: readonly NamedAlert[];
  /** Counts that may be beyond the limit and are not certainly so: no alerts. */
  readonly possible: readonly (Beyond & Named)[];
  readonly problems: readonly (WatchProblem & Named)[];
  readonly coverage: Coverage;
  readonly loss: Loss;
}
