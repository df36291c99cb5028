// A tree of three agents whose counters overflow or not, beside the exact count of what they saw.

import type { Datagram } from "../native/capture-bytes.js";
import { type Station, Village } from "./agent-fakes.js";

export interface Grown {
  readonly root: Station;
  /** The exact number of packets by a key made of these fields. */
  truth(...parts: readonly (keyof Datagram)[]): ReadonlyMap<string, number>;
}

/** Hosts 1 and 2 are below host 0; each saw its own datagrams; all count by `keyType`. */
export async function grown(
  streams: readonly (readonly Datagram[])[],
  keyType: string,
  capacity: number,
  more: object = {},
): Promise<Grown> {
  const village = new Village();
  for (const stream of streams) village.add(stream);
  for (let child = 1; child < streams.length; child++) await village.link(0, child);
  const root = village.at(0);
  await root.ask({ type: "config sketch" });
  const counter = { sketch_id: 0, counter_key_type: keyType, capacity, ...more };
  await root.ask({ type: "config sketch counter", ...counter });
  await village.play();
  return { root, truth: (...parts) => countBy(streams.flat(), parts) };
}

function countBy(datagrams: readonly Datagram[], parts: readonly (keyof Datagram)[]) {
  const counts = new Map<string, number>();
  for (const datagram of datagrams) {
    const key = parts.map((part) => datagram[part]).join(",");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Few flows often and many seldom, the same for the same numbers. */
export function flows(count: number, kinds: number, seed: number): Datagram[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const flow = Math.floor(kinds ** (state / 2 ** 31));
    const src = `10.0.${flow % 3}.${flow % 11}`;
    return { src, dst: `10.1.0.${flow % 7}`, proto: 17, sport: 1000 + flow, dport: 80 + (flow % 5) };
  });
}
