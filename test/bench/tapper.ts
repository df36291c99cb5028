// Runs in the receiver's namespace: our packet tap with the given counters; says on SIGTERM what it counted.
// tapper.js RING_MIB [KEY_TYPE...]

import { openTap } from "../../native/index.js";

const [ringMiB = "16", ...keyTypes] = process.argv.slice(2);
const tap = openTap({ kind: "packet", ringMiB: Number(ringMiB) });
if (keyTypes.length > 0) {
  await tap.addSketch("bench", Buffer.alloc(16, 1), { direction: "input", proto: 17 });
  for (const keyType of keyTypes) {
    await tap.addCounter("bench", { keyType, increment: "pkt", capacity: 4096 });
  }
}
tap.start();
const idle = setInterval(() => undefined, 60_000);
process.once("SIGTERM", async () => {
  clearInterval(idle);
  const { read, lost } = await tap.stats();
  const packets = keyTypes.length > 0 ? Number((await tap.totals("bench")).packets) : read;
  await tap.stop();
  process.stdout.write(`${JSON.stringify({ packets, lost: lost.ring })}\n`);
});
process.stdout.write("ready\n");
