// The heavy hitters among the sources that ping a host, every 5 seconds. Usage: heavy-hitter.js [host]

import { runExample } from "./arguments.js";
import { sortedJson } from "./sorted-json.js";

await runExample({ host: "10.0.0.5", interval: 5 }, async ({ client, rounds }) => {
  const sketch_id = await client.configSketch({ interface: "INPUT", proto: "icmp" });
  const counter = { sketch_id, counter_key_type: "src" };
  await client.configSketchCounter({ ...counter, increment: "pkt" });
  for await (const _round of rounds()) {
    console.log(sortedJson(await client.heavyHitters(counter)));
    const hits = await client.sketch({ ...counter, counter_key: "10.0.0.6" });
    console.log(`h6 hits: ${hits} times`);
  }
});
