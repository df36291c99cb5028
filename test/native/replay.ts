// Datagrams through a file tap: what they count to.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CounterSpec, type Filter, openTap, type SketchOptions, type Tap } from "../../native/index.js";
import { captureBytes, type Datagram } from "./capture-bytes.js";

export const secret = Buffer.alloc(16, 7);
export const sketch = "s";

/** The tap at the end of its file, with one sketch and the given counters; the caller stops it. */
export async function replay(
  datagrams: readonly Datagram[],
  counters: readonly CounterSpec[],
  filter: Filter = { direction: "input" },
  options: SketchOptions = {},
): Promise<Tap> {
  const folder = mkdtempSync(join(tmpdir(), "tallytree-replay-"));
  try {
    const path = join(folder, "datagrams.pcap");
    writeFileSync(path, captureBytes(datagrams));
    const tap = openTap({ kind: "file", path });
    await tap.addSketch(sketch, secret, filter, options);
    for (const counter of counters) await tap.addCounter(sketch, counter);
    tap.start();
    await tap.finished;
    return tap;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
