// Packets of emulated hosts: few keys with much and many with little, some seen by all hosts and some by few.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTap } from "../../native/index.js";
import { captureBytes, type Datagram } from "../native/capture-bytes.js";

/** Hosts of one kind see the same packets. */
export const kinds = 64;

/** Keys of each sort: one sort is seen by every host, one more by all hosts of a kind. */
const keysOfSort = 100;
/** Packets of the key of rank r are this divided by r. */
const largest = { shared: 800, own: 200 };

/** The largest key of every host, and how many packets of it each has. */
export const largestKey = keyOf(0, 1);
export const largestCount = largest.shared;

const ranks = Array.from({ length: keysOfSort }, (_, i) => i + 1);
const packets = (most: number, rank: number): number => Math.ceil(most / rank);

export const packetsOfHost = ranks
  .map((rank) => packets(largest.shared, rank) + packets(largest.own, rank))
  .reduce((sum, count) => sum + count, 0);

function keyOf(sort: number, rank: number): string {
  return `10.${sort}.${rank >> 8}.${rank & 255}`;
}

function packetsOf(kind: number): Datagram[] {
  const of = (sort: number, most: number) =>
    ranks.flatMap((rank) =>
      new Array<Datagram>(packets(most, rank)).fill({ src: keyOf(sort, rank), dst: "10.255.0.1", proto: 1 }),
    );
  return [...of(0, largest.shared), ...of(1 + kind, largest.own)];
}

/** What one counter of a host comes to. */
export interface Counts {
  readonly ledger: Uint8Array;
  readonly distinct: Uint8Array;
}

export interface Counting {
  readonly kind: number;
  readonly uuid: string;
  /** 16 bytes. */
  readonly secret: Uint8Array;
  readonly keyType: string;
  readonly capacity: number;
}

/** Counts the packets of one kind of host as a monitor would, by the add-on. */
export async function count({ kind, uuid, secret, keyType, capacity }: Counting): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "tallytree-emulated-"));
  try {
    const path = join(folder, "packets.pcap");
    writeFileSync(path, captureBytes(packetsOf(kind)));
    const tap = openTap({ kind: "file", path });
    await tap.addSketch(uuid, secret, { direction: "input" });
    await tap.addCounter(uuid, { keyType, increment: "pkt", capacity });
    tap.start();
    await tap.finished;
    const { value: ledger } = await tap.ledger(uuid, keyType, "all");
    const { value: distinct } = await tap.distinct(uuid, keyType, "all");
    await tap.stop();
    return { ledger, distinct };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
