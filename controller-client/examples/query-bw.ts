// Bandwidth from one host to another: asks the sender's agent. Usage: query-bw.js [host]

import { runExample } from "./arguments.js";

await runExample({ host: "10.0.0.5", interval: 0, rounds: 1 }, async ({ host, client, rounds }) => {
  for await (const _round of rounds()) {
    const rate = await client.bw({ src: host, dst: "10.0.0.6" });
    console.log(`${rate} MBytes/s`);
  }
});
