// How the bytes of pings spread over pairs of hosts in the whole network: asks the root of the tree, every 5 seconds.
// Usage: flow-size-distrib.js [host]

import { runExample } from "./arguments.js";
import { sortedJson } from "./sorted-json.js";

await runExample({ host: "10.0.0.2", interval: 5 }, async ({ client, rounds }) => {
  const sketch_id = await client.configSketch({ interface: "INPUT", proto: "icmp" });
  const counter = { sketch_id, counter_key_type: "src_dst" };
  await client.configSketchCounter({ ...counter, increment: "bytes" });
  for await (const _round of rounds()) {
    console.log(sortedJson(await client.heavyHitters(counter)));
    const bytes = await client.sketch({ ...counter, counter_key: "10.0.0.6,10.0.0.5" });
    console.log(`h6 hits h5: ${bytes} times`);
  }
});
