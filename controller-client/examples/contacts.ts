// How many others each host of the network talks to, by pings: asks the root of the tree, every 5 seconds. One that
// talks to far more than usual looks around. Usage: contacts.js [host]

import { runExample } from "./arguments.js";
import { sortedJson } from "./sorted-json.js";

await runExample({ host: "10.0.0.2", interval: 5 }, async ({ client, rounds }) => {
  const sketch_id = await client.configSketch({ interface: "INPUT", proto: "icmp" });
  const counter = { sketch_id, counter_key_type: "src_dst" };
  await client.configSketchCounter({ ...counter, spread: "src,dst" });
  for await (const _round of rounds()) {
    console.log(sortedJson(await client.spread({ ...counter, group_by: "src" })));
    const wanted = await client.spread({ ...counter, group_by: "dst", k: 1 });
    for (const [host, sources] of Object.entries(wanted))
      console.log(`${host} is pinged by ${sources} hosts`);
  }
});
