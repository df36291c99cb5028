// What a tap tells of itself: its books, when it was not there, and what the devices hand over.

/** Sums since the tap was opened, in socket buffers; see native/core/source.h. */
export interface TapStats {
  readonly seen: number;
  readonly read: number;
  /** Of `read`: those that at least one sketch counted. */
  readonly matched: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly unparsed: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
  readonly superPackets: number;
  /** Of `read`: tunnels whose content, asked for by a sketch, is cut off or damaged. */
  readonly unopened: number;
  /** Super-packets whose packets on the wire are estimated: the kernel did not say the size of their segments. */
  readonly estimated: number;
  /** When the tap was not there, at most 32 times, the oldest joined. */
  readonly gaps: readonly Gap[];
  /** Why it is not there now. */
  readonly obstacle?: string;
  /** Labels of the network namespaces that are read besides our own. */
  readonly namespaces?: readonly string[];
  /** Of a file tap. */
  readonly file?: FileState;
}

/** How far a capture file was read. */
export interface FileState {
  /** Bytes of the file as it lies there; `size` 0: unknown (a pipe). */
  readonly position: number;
  readonly size: number;
  /** Earliest and latest time stamp so far: unix seconds. */
  readonly from: number;
  readonly to: number;
  /** Why it ended before its end: file, byte and reason. */
  readonly failure?: string;
}

/** A time in which nobody knows how many packets passed, in unix seconds. */
export interface Gap {
  readonly from: number;
  /** Absent while it goes on. */
  readonly to?: number;
  /** "hung": the monitor gave no sign of life; "flushed": others removed the rules; "locked": the firewall's lock was
   * held by others; "untapped": a network namespace was there and not read yet; "several": of more than one kind. */
  readonly reason: string;
  /** Of the packets of one network namespace only, by its label; all: of any but our own. */
  readonly netns?: string;
}

/** Names of the offloads in force, by device: "gro", "gso", "lro", "tso". */
export type Offloads = Readonly<Record<string, readonly string[]>>;

/** The sum of two taps' books, or of one tap's now and before. */
export function addStats(one: TapStats, other: TapStats): TapStats {
  return {
    seen: one.seen + other.seen,
    read: one.read + other.read,
    matched: one.matched + other.matched,
    lost: addCauses(one.lost, other.lost),
    unparsed: addCauses(one.unparsed, other.unparsed),
    ignored: addCauses(one.ignored, other.ignored),
    superPackets: one.superPackets + other.superPackets,
    unopened: one.unopened + other.unopened,
    estimated: one.estimated + other.estimated,
    gaps: [...one.gaps, ...other.gaps],
    ...(one.obstacle === undefined ? {} : { obstacle: one.obstacle }),
    ...(one.namespaces === undefined ? {} : { namespaces: one.namespaces }),
  };
}

type Causes = TapStats["lost"];

function addCauses(one: Causes, other: Causes): Causes {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
