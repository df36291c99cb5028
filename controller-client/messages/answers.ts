// Answers: the bare values that old scripts parse, and the detailed ones that say how far off they can be.

import type { AgentAddress } from "./addresses.js";
import type { CounterAnswers, CounterDetail } from "./counter-answers.js";
import type { Count, CountDetail, KeyedCounts, KeyedDetail } from "./counts.js";
import type { AnswerWindow, Evidence, Loss } from "./evidence.js";
import type { InterfaceName } from "./fields.js";
import type { ProtocolName } from "./protocol-numbers.js";
import type { RequestType } from "./requests.js";
import type { LeaseAnswer, PlaceAnswer, RosterAnswer, RosterStatus } from "./roster-answers.js";
import type { AlertsDetail, NamedAlert, WatchInfo } from "./watch-answers.js";

/** [packets, bytes] of one rule; bytes are IP bytes. */
export type RuleCount = readonly [packets: Count, bytes: Count];

export interface ChangeOfKey {
  /** The best estimate. */
  readonly change: Count;
  /** The change is certainly within [lower, upper]. */
  readonly lower: Count;
  readonly upper: Count;
  readonly exact: boolean;
  /** True when there certainly is a change: 0 is not within. */
  readonly certain: boolean;
}

/** By how much counts differ between two windows: `window` less `before`. */
export interface ChangeDetail extends Evidence {
  readonly value: KeyedCounts;
  readonly keys: Readonly<Record<string, ChangeOfKey>>;
  readonly before: AnswerWindow;
  /** Everything counted in either window, certainly. */
  readonly total: Count;
  readonly total_before: Count;
  readonly exact: boolean;
  readonly unit: "packets" | "bytes";
}

/** The exact count of one rule. */
export interface RuleDetail extends Evidence {
  readonly value: RuleCount;
  readonly lower: RuleCount;
  readonly upper: RuleCount;
  readonly exact: true;
  readonly unit: "packets,bytes";
}

/** A bandwidth test between two hosts. */
export interface BandwidthDetail extends Evidence {
  /** MBytes/s (10^6 bytes) as the receiver counted them over the whole test. */
  readonly value: number;
  /** MBytes/s of the slowest second. */
  readonly lower: number;
  /** MBytes/s of the fastest second. */
  readonly upper: number;
  readonly exact: false;
  readonly unit: "MBytes/s";
  readonly src: string;
  readonly dst: string;
  readonly method: "tcp";
  readonly seconds: number;
}

export type Detail = CountDetail | KeyedDetail | ChangeDetail | RuleDetail | BandwidthDetail | CounterDetail;

export interface CounterInfo {
  readonly counter_key_type: string;
  readonly increment: "pkt" | "bytes";
  readonly hitter_threshold: number;
  readonly capacity: number;
  /** Coarser key types that its spread is kept by. */
  /** Relative standard error of the number of distinct keys, when another than 0.012 was asked for. */
  readonly distinct?: number;
  readonly spread?: readonly string[];
}

export interface SketchInfo {
  readonly sketch_id: number;
  readonly label?: string;
  readonly interface: InterfaceName;
  readonly proto?: ProtocolName | number;
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly device?: string;
  readonly promiscuous?: boolean;
  readonly inner?: boolean;
  readonly netns?: string;
  readonly filter?: string;
  /** The sizes of its packets are kept. */
  readonly sizes?: boolean;
  readonly counters: readonly CounterInfo[];
  /** Absent when there are none. */
  readonly watches?: readonly WatchInfo[];
}

/** A sketch as the detailed list shows it, hidden ones of exact rules included. */
export interface SketchDetail extends SketchInfo {
  /** Its name between agents. */
  readonly uuid: string;
  /** True for the exact counter of one rule. */
  readonly rule: boolean;
  /** Unix seconds. */
  readonly since: number;
  /** True when the agent above wants it. */
  readonly inherited: boolean;
  /** "refused": this host cannot run it; `problem` says why, and it is tried again. */
  readonly state: "counting" | "refused";
  /** Why this host does not count it. */
  readonly problem?: string;
}

/** An agent right below the asked one. */
export interface LeafAgent {
  readonly agent_addr: AgentAddress["name"];
  /** "unknown" until it was asked for the first time. */
  readonly state: "up" | "down" | "unknown";
  /** Names of all agents it last answered for, its own included. */
  readonly hosts: readonly string[];
  readonly last_seen?: string;
  /** Why it does not answer, or what it refused. */
  readonly problem?: string;
  /** It has not taken every sketch yet. */
  readonly behind?: true;
}

export type MonitorState =
  | {
      readonly state: "up";
      readonly version: string;
      readonly tap: string;
      /** Why this one, when the choice was left to the monitor. */
      readonly tap_why?: string;
      /** Why the tap is not there at the moment. */
      readonly degraded?: string;
      /** Labels of the network namespaces that are tapped besides the monitor's own. */
      readonly namespaces?: readonly string[];
      readonly loss: Loss;
      /** Those in force, by device: "gro", "gso", "lro", "tso". */
      readonly offloads: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly state: "down"; readonly message: string };

/** Which configuration an agent has. */
export interface ConfigurationStatus {
  /** Grows with every change made at this agent or above. */
  readonly revision: number;
  /** Equal for equal configurations. */
  readonly hash: string;
  /** Of the agent above, as far as this one has taken it. */
  readonly observed_revision: number;
  /** How many sketches this host cannot run. */
  readonly refused: number;
}

export interface StatusAnswer {
  /** The agent's name. */
  readonly name: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly monitor: MonitorState;
  readonly sketches: number;
  readonly leaf_agents: readonly LeafAgent[];
  readonly parent?: string;
  readonly configuration: ConfigurationStatus;
  /** Absent without a roster. */
  readonly roster?: RosterStatus;
}

/** The bare and the detailed answer of every message type; both alike where there is nothing to add. */
export interface Answers extends CounterAnswers {
  readonly "config sketch": { readonly bare: number; readonly detail: number };
  readonly "config sketch counter": { readonly bare: string; readonly detail: string };
  readonly "delete sketch": { readonly bare: string; readonly detail: string };
  readonly "config counter": { readonly bare: string; readonly detail: string };
  readonly "add leaf agent": { readonly bare: string; readonly detail: string };
  readonly "query sketch": { readonly bare: Count; readonly detail: CountDetail };
  readonly "query heavy hitters": { readonly bare: KeyedCounts; readonly detail: KeyedDetail };
  readonly "query real time counter": { readonly bare: KeyedCounts; readonly detail: KeyedDetail };
  readonly "query key intervals": { readonly bare: KeyedCounts; readonly detail: KeyedDetail };
  readonly "query change": { readonly bare: KeyedCounts; readonly detail: ChangeDetail };
  readonly "query counter": { readonly bare: RuleCount; readonly detail: RuleDetail };
  readonly "query bw": { readonly bare: number; readonly detail: BandwidthDetail };
  readonly "serve bw": { readonly bare: BandwidthServer; readonly detail: BandwidthServer };
  readonly "query sketches": {
    readonly bare: readonly SketchInfo[];
    readonly detail: readonly SketchDetail[];
  };
  readonly watch: { readonly bare: number; readonly detail: number };
  readonly unwatch: { readonly bare: string; readonly detail: string };
  readonly "query alerts": { readonly bare: readonly NamedAlert[]; readonly detail: AlertsDetail };
  readonly "query status": { readonly bare: StatusAnswer; readonly detail: StatusAnswer };
  readonly "query roster": { readonly bare: readonly string[]; readonly detail: RosterAnswer };
  readonly "expel agent": { readonly bare: string; readonly detail: string };
  readonly "rename agent": { readonly bare: string; readonly detail: string };
  readonly "join roster": { readonly bare: PlaceAnswer; readonly detail: PlaceAnswer };
  readonly "rejoin roster": { readonly bare: string; readonly detail: string };
  readonly "renew lease": { readonly bare: LeaseAnswer; readonly detail: LeaseAnswer };
  readonly "copy configuration": { readonly bare: never; readonly detail: never };
  readonly "copy roster": { readonly bare: never; readonly detail: never };
  readonly "leave roster": { readonly bare: string; readonly detail: string };
  readonly "query leaf agents": { readonly bare: readonly string[]; readonly detail: readonly LeafAgent[] };
}

/** Where a one-off test server listens. */
export interface BandwidthServer {
  readonly port: number;
}

export type BareAnswer<T extends RequestType> = Answers[T]["bare"];
export type DetailAnswer<T extends RequestType> = Answers[T]["detail"];
/** Any answer to a message of type T. */
export type Answer<T extends RequestType = RequestType> = BareAnswer<T> | DetailAnswer<T>;
