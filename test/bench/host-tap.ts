// Runs in the receiver's namespace: one tap with seven counters, or bare of them; says on SIGTERM what it counted.
// host-tap.js packet|nflog|nfqueue [bare]

import { setTimeout as sleep } from "node:timers/promises";
import { guardPath, openTap, type TapSource } from "../../native/index.js";

const sources: Readonly<Record<string, TapSource>> = {
  packet: { kind: "packet" },
  nflog: { kind: "nflog", guard: guardPath },
  nfqueue: { kind: "nfqueue", guard: guardPath },
};
/** Until the guard has told what the rules counted. */
const settleMs = 1500;
const keyTypes = ["src", "dst", "src_dst", "sport", "dport", "src_dport", "src_sport_dst_dport_proto"];

const source = sources[process.argv[2] ?? ""];
if (source === undefined) throw new Error(`host-tap: ${Object.keys(sources).join(" or ")}`);
const tap = openTap(source);
await tap.addSketch("bench", Buffer.alloc(16, 1), { direction: "input", src: "10.98.0.0/24" });
for (const keyType of process.argv[3] === "bare" ? [] : keyTypes) {
  await tap.addCounter("bench", { keyType, increment: "pkt", capacity: 4096 });
}
tap.start();
const idle = setInterval(() => undefined, 60_000);
process.once("SIGTERM", async () => {
  clearInterval(idle);
  await sleep(settleMs);
  const { lost } = await tap.stats();
  const { packets, bytes } = await tap.totals("bench");
  await tap.stop();
  const all = Object.values(lost).reduce((sum, n) => sum + n, 0);
  process.stdout.write(`${JSON.stringify({ packets: Number(packets), bytes: Number(bytes), lost: all })}\n`);
});
process.stdout.write("ready\n");
