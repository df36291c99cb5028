// Odd captures, counted as tshark counts them: every key, packet and byte, of what stands for itself and in tunnels.
// test/captures/make.py made them, answers.py asked tshark; the long run asks it again.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ledgerEntries, openTap, type Tap } from "../../native/index.js";
import { secret } from "./replay.js";

/** By kind of key, then by key: packets and IP bytes. */
type Tally = Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>;

interface Answer {
  readonly frames: number;
  readonly plain: Tally;
  readonly inner: Tally;
}

const folder = join(import.meta.dirname, "..", "captures");
const answers = JSON.parse(readFileSync(join(folder, "tshark.json"), "utf8")) as Record<string, Answer>;
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".pcap"))
  .map((name) => name.slice(0, -".pcap".length));
const kinds = {
  plain: ["src_dst_proto_vlan", "src_dst_sport_dport_proto"],
  inner: ["src_dst_proto_vlan", "src_dst_sport_dport_proto", "src_vni_gre_key"],
} as const;
const increments = ["pkt", "bytes"] as const;
const window = "all";

it("has tshark's answer to every capture", () => {
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(Object.keys(answers).sort()).toEqual(names.sort());
});

it.each(names)("%s", async (name) => {
  const tap = openTap({ kind: "file", path: join(folder, `${name}.pcap`) });
  for (const increment of increments) {
    for (const view of ["plain", "inner"] as const) {
      const id = `${view} ${increment}`;
      await tap.addSketch(id, secret, { direction: "input", inner: view === "inner" });
      for (const keyType of kinds[view]) await tap.addCounter(id, { keyType, increment, capacity: 4096 });
    }
  }
  tap.start();
  await tap.finished;
  const { seen } = await tap.stats();
  const counted = { frames: seen, plain: await tally(tap, "plain"), inner: await tally(tap, "inner") };
  await tap.stop();
  expect(counted).toEqual(answers[name]);
});

if (process.env.TALLYTREE_LONG === "1")
  it("are still what tshark says", { timeout: 900_000 }, async () => {
    const scratch = mkdtempSync(join(tmpdir(), "tallytree-tshark-"));
    try {
      const path = join(scratch, "tshark.json");
      await promisify(execFile)("/usr/bin/python3", [join(folder, "answers.py"), path]);
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(answers);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

/** What the sketches of one view counted, in the form of tshark's answers; kinds that no packet has are left out. */
async function tally(tap: Tap, view: "plain" | "inner"): Promise<Tally> {
  const found: Record<string, Record<string, readonly [number, number]>> = {};
  for (const keyType of kinds[view]) {
    const [packets, bytes] = await Promise.all(
      increments.map(async (increment) => {
        const { value } = await tap.ledger(`${view} ${increment}`, keyType, window);
        const { keys, lower } = ledgerEntries(value, secret);
        return new Map(keys.map((key, i) => [key, Number(lower[i])]));
      }),
    );
    const pairs = [...(packets ?? [])].map(([key, count]) => [key, [count, bytes?.get(key) ?? 0]] as const);
    if (pairs.length > 0) found[keyType] = Object.fromEntries(pairs);
  }
  return found;
}
