// A tap as the add-on makes it: where it reads packets, what its sketches count, and how it is asked.

import type { Kept, Saved } from "./saved.js";
import type { TapStats } from "./tap-stats.js";

/** Where packets are read. See DESIGN.md for what each source promises. */
export type TapSource =
  /** A copy of every packet by AF_PACKET TPACKET_V3 rings over all devices, one a core (1). Needs CAP_NET_RAW. */
  | {
      readonly kind: "packet";
      readonly ringMiB?: number;
      readonly cores?: number;
      /** A UDP port that carries VXLAN, besides 4789. */
      readonly vxlanPort?: number;
      /** Network namespaces besides our own: all, or those of these names under /run/netns. Needs CAP_SYS_ADMIN; one core. */
      readonly netns?: NetnsChoice;
    }
  /** Inline: packets wait in an NFQUEUE for our verdict. Needs CAP_NET_ADMIN. `guard` owns the rules. */
  | {
      readonly kind: "nfqueue";
      readonly queue?: number;
      /** Threads, each with a queue of its own: `queue`, `queue` + 1, ... */
      readonly cores?: number;
      readonly guard: string;
      readonly agentPort?: number;
      readonly vxlanPort?: number;
    }
  /** Copies by NFLOG rules in the mangle table. Needs CAP_NET_ADMIN. `guard` owns the rules. */
  | {
      readonly kind: "nflog";
      readonly group?: number;
      readonly guard: string;
      readonly ringMiB?: number;
      readonly vxlanPort?: number;
    }
  /**
   * A copy by libpcap of every device, or of one, as far as `filter` lets through (pcap-filter(7)). Needs CAP_NET_RAW.
   * `ringMiB`: kernel memory for packets that wait, all devices together.
   */
  | {
      readonly kind: "pcap";
      readonly device?: string;
      readonly filter?: string;
      readonly ringMiB?: number;
      readonly vxlanPort?: number;
    }
  /** One device by the npm package cap, which loses packets and does not say how many. `program` runs under `node`. */
  | {
      readonly kind: "cap";
      readonly device: string;
      readonly filter?: string;
      readonly node: string;
      readonly program: string;
    }
  /**
   * A capture file (pcap or pcapng, plain or compressed by gzip or zstd), read once from start to end, with its own
   * time. `anyDirection`: a packet whose direction the file tells counts as both all the same.
   */
  | {
      readonly kind: "file";
      readonly path: string;
      readonly anyDirection?: boolean;
      readonly vxlanPort?: number;
    };

/** Which network namespaces a tap reads besides its own. */
export type NetnsChoice = "all" | readonly string[];

/** Which packets a sketch counts. Absent fields match everything. */
export interface Filter {
  /** forward and mirror: the packet tap only; see DESIGN.md for what they mean. */
  readonly direction: "input" | "output" | "forward" | "mirror";
  /** IP protocol number, 0 to 255. */
  readonly proto?: number;
  /** Address or prefix, IPv4 or IPv6: "10.0.0.5", "10.0.0.0/8", "2001:db8::/32". */
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  /** Device name; without it every device but loopback. */
  readonly device?: string;
  /** Whether that device shall hand over what is addressed to others. */
  readonly promiscuous?: boolean;
  /** The packets that tunnels carry, by their own headers, instead of those that stand for themselves. */
  readonly inner?: boolean;
  /** The network namespaces whose packets count: the label of one, or all; absent: our own. */
  readonly netns?: string;
  /**
   * What a packet's frame must match, in libpcap's language (pcap-filter(7)); of Ethernet or, with `rawFrames`, of IP
   * alone, as the tap hands them over. It sees 512 bytes of a frame, 160 of the cap tap's, all of a file's.
   */
  readonly expression?: string;
  readonly rawFrames?: boolean;
}

export interface CounterSpec {
  /** Parts of src, dst, sport, dport, proto, vlan, vni, gre_key, netns, container joined by "_"; src and dst may carry a prefix length: "src/24_dport". */
  readonly keyType: string;
  readonly increment: "pkt" | "bytes";
  /** Most keys kept with their own count; below it every answer is exact. */
  readonly capacity: number;
  /** Bytes of each of the two rows of the cold part for each of `capacity`, 0 to 64; without it 2, 4, 6 or 10, by `capacity`. */
  readonly coldPerKey?: number;
  /** Relative standard error of the number of distinct keys beyond 4096 of them, at least 0.003; without it 0.012. */
  readonly distinct?: number;
  /** Coarser key types: who owns how many keys is kept for each, beyond what the ledger can tell. */
  readonly spread?: readonly string[];
}

/** What a sketch keeps besides its counters, and what it goes on from: all of that begins with the same packet. */
export interface SketchOptions {
  /** The sizes of its packets; going on from what as many cores have saved. */
  readonly sizes?: boolean | readonly Kept[];
  /** What was counted before. */
  readonly totals?: SketchTotals;
  readonly counters?: readonly KeptCounter[];
}

/** A counter of as many cores as have saved it. */
export interface KeptCounter {
  readonly spec: CounterSpec;
  readonly saved: readonly Kept[];
}

/** Unix seconds from `from` up to, and without, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * "all": since the counter was made. "realtime": the last closed second and the current one. A span that begins
 * within the last 60 seconds is answered to the second, an older one to the minute, for one hour; its ledgers keep
 * at most 1024 keys and have no cold part, so they merge only with ledgers of spans.
 */
export type Window = "all" | "realtime" | Span;

/** A value counted from `from` up to `to`, unix seconds: what the window asked for comes down to. */
export interface Counted<V> extends Span {
  readonly value: V;
}

/** A count that is certainly within [lower, upper]. */
export interface Interval {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** Packets and IP bytes that matched a sketch's filter, as on the wire. */
export interface Totals {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** The same, and the socket buffers that they came in: a super-packet is one. */
export interface SketchTotals extends Totals {
  readonly buffers: bigint;
}

/**
 * One source of packets and the sketches it feeds, on a thread of its own. Methods post to that thread and are
 * served between batches; each answer covers every packet the kernel had accepted when the method was called.
 * Rejections carry `code` "not_found" | "conflict" | "bad_request" | "tap" and, from the system, `errno`.
 */
export interface Tap {
  /** Begins reading. Sketches added before see every packet, those added later count from then on. */
  start(): void;
  /**
   * `secret`: 16 bytes that key the hashes; sketches merge only with an equal secret. `bad_request`, `incompatible`: it
   * cannot go on from what was saved, and nothing is added.
   */
  addSketch(id: string, secret: Uint8Array, filter: Filter, options?: SketchOptions): Promise<void>;
  removeSketch(id: string): Promise<void>;
  addCounter(id: string, spec: CounterSpec): Promise<void>;
  /** A copy of a counter, one a core, for a later process to go on from; of its panes those after a serial each, or all. */
  saveCounter(id: string, keyType: string, after: readonly number[]): Promise<readonly Saved[]>;
  /** As saveCounter, of the sketch's packet sizes; `not_found` when it keeps none. */
  saveSizes(id: string, after: readonly number[]): Promise<readonly Saved[]>;
  /** The encoded ledger of one counter; feed it to the functions below. */
  ledger(id: string, keyType: string, window: Window): Promise<Counted<Buffer>>;
  /** The encoded set of distinct keys of one counter. */
  distinct(id: string, keyType: string, window: Window): Promise<Counted<Buffer>>;
  /** The encoded spread of one counter by a type of its CounterSpec.spread; `not_found` for another. */
  spread(id: string, keyType: string, window: Window, by: string): Promise<Counted<Buffer>>;
  /** The encoded histogram of packet sizes; `not_found` when the sketch keeps none. */
  sizes(id: string, window: Window): Promise<Counted<Buffer>>;
  interval(id: string, keyType: string, key: string, window: Window): Promise<Counted<Interval>>;
  totals(id: string): Promise<SketchTotals>;
  stats(): Promise<TapStats>;
  /** Resolves at the end of a file, also where it breaks off (stats tells); rejects when a live source fails for good. */
  readonly finished: Promise<void>;
  /** Closes the source and ends the thread. Idempotent. */
  stop(): Promise<void>;
}
