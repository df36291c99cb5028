// This host's loss record: the books of its tap, the times when it was not there, and what it looks at.

import type { Gap, Loss } from "../controller-client/messages/index.js";
import type { MonitorStats, TapState } from "../monitor/client.js";
import type { Span } from "../native/index.js";
import { isNothing } from "../overlay/index.js";

/** Where each tap sees packets. */
const observationPoints: Readonly<Record<TapState["kind"], string>> = {
  packet: "devices, before the input firewall and after the output firewall",
  nfqueue: "mangle INPUT and OUTPUT",
  nflog: "mangle INPUT and OUTPUT",
  pcap: "devices, before the input firewall and after the output firewall",
  cap: "one device, by the npm package cap, which loses packets and does not say how many",
  file: "where the capture file was made",
};

/** Packets of these kinds reached the host and may have been what was asked for. */
const unreadable = ["truncated", "malformed"] as const;

export interface Books {
  /** The agent's name. */
  readonly host: string;
  readonly stats: MonitorStats;
  /** When another monitor took over. */
  readonly restarts: readonly Omit<Gap, "host">[];
}

/** What of it an answer is about; without it the whole tap. */
export interface About {
  /** Socket buffers whose packets matched the sketch. */
  readonly matched: bigint;
  readonly unkeyed: bigint;
  readonly span: Span;
  /** Whether the sketch counts what tunnels carry: those that could not be opened are lost to it. */
  readonly inner: boolean;
  /** The network namespaces whose packets count: a label or all; absent: the monitor's own. */
  readonly netns?: string | undefined;
}

/**
 * seen = counted + filtered + lost + unparsed + ignored, all in socket buffers. Of the whole tap counted is what at least one
 * sketch counted.
 */
export function lossOf(books: Books, about?: About): Loss {
  const { stats: tap, offloads } = books.stats;
  const { kind } = books.stats.tap;
  const { seen = 0, unparsed = {}, ignored = {}, estimated = 0 } = tap ?? {};
  const unopened = about?.inner === true ? (tap?.unopened ?? 0) : 0;
  const lost = unopened > 0 ? { ...tap?.lost, unopened } : (tap?.lost ?? {});
  const read = (tap?.read ?? 0) - unopened;
  const counted = Math.min(Number(about?.matched ?? tap?.matched ?? 0), read);
  const gaps = gapsOf(books, about);
  const isRead = unreadable.every((reason) => (unparsed[reason] ?? 0) === 0);
  return {
    complete: tap !== undefined && isNothing(lost) && isRead && gaps.length === 0 && tellsLoss(kind),
    unit: "skb",
    unkeyed_unit: "packets",
    ...{ seen, counted, filtered: read - counted, unkeyed: Number(about?.unkeyed ?? 0) },
    ...{ lost, unparsed, ignored, estimated, gaps },
    offloads: [...new Set(Object.values(offloads).flat())].sort(),
    observation_points: [observationPoints[kind]],
  };
}

/** Nothing that the cap tap counts is certainly all. */
const tellsLoss = (kind: TapState["kind"]): boolean => kind !== "cap";

function gapsOf({ host, stats, restarts }: Books, about?: About): readonly Gap[] {
  const span = about?.span;
  return [...(stats.stats?.gaps ?? []), ...restarts]
    .filter(
      ({ from, to = Number.POSITIVE_INFINITY }) => span === undefined || (from <= span.to && to >= span.from),
    )
    .filter((gap: Omit<Gap, "host">) => about === undefined || concerns(gap, about))
    .map((gap) => ({ host, ...gap }))
    .sort((a, b) => a.from - b.from);
}

/** A gap of one network namespace is none for those who do not ask about it. */
function concerns({ netns: missed }: Omit<Gap, "host">, { netns: asked }: About): boolean {
  if (missed === undefined) return true;
  return asked !== undefined && (asked === "all" || missed === "all" || asked === missed);
}
