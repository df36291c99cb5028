// Tells of a port scan when the number of ports asked for jumps by more than 20 between two looks, 300 ms apart,
// and how many different ports each source asked for. Usage: portscan.js [host]

import { setTimeout as sleep } from "node:timers/promises";
import { TallyError } from "../index.js";
import { runExample } from "./arguments.js";
import { sortedJson } from "./sorted-json.js";

const jump = 20;

const interval = 0.3;

await runExample({ host: "10.0.0.5", interval }, async ({ client, rounds }) => {
  const sketch_id = await client.configSketch({ interface: "INPUT" });
  await client.configSketchCounter({ sketch_id, counter_key_type: "src_dport" });
  await client.configSketchCounter({ sketch_id, counter_key_type: "dport" });
  const ports = () =>
    client.sketch({ sketch_id, counter_key_type: "dport", counter_key: "real_time_key_num" }).then(Number);
  const pairs = () => client.realTimeCounter({ sketch_id, counter_key_type: "src_dport" });
  let before = 0;
  for await (const _round of rounds()) {
    const now = await answered(ports());
    if (now !== undefined && now - before > jump) {
      // The scan may still be going on: one interval later all of it is in.
      await sleep(interval * 1000);
      console.log("portscan detected.");
      console.log(sortedJson(countSources(Object.keys((await answered(pairs())) ?? {}))));
    }
    before = now ?? before;
  }
});

/** Keys are "source,port": how many there are of each source. */
function countSources(keys: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) {
    const source = key.split(",", 1)[0] ?? key;
    counts[source] = (counts[source] ?? 0) + 1;
  }
  return counts;
}

// A look that fails is skipped: the next one is 300 ms away, and a detector must not stop for it.
async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TallyError) return undefined;
    throw error;
  }
}
