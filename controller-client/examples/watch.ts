// Tells of port scans at any host without looking all the time: each host judges how many of its ports are asked for
// within two seconds, and every 5 seconds the root is asked what came of it. Usage: watch.js [host]

import { runExample } from "./arguments.js";

const manyPorts = 20;
/** Packets that ask for a connection; answers to them have many ports too. */
const filter = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn";

await runExample({ host: "10.0.0.2", interval: 5 }, async ({ client, rounds }) => {
  const sketch_id = await client.configSketch({ interface: "INPUT", filter });
  const counter = { sketch_id, counter_key_type: "dport" };
  await client.configSketchCounter(counter);
  const condition = { counter_key: "key_num", above: manyPorts, window: { last: 2 }, scope: "host" } as const;
  const watch_id = await client.watch({ ...counter, ...condition });
  const told = new Set<string>();
  for await (const _round of rounds()) {
    for (const { host, value, since, until } of await client.alerts({ watch_id })) {
      if (until === undefined || told.has(`${host} ${since}`)) continue;
      told.add(`${host} ${since}`);
      console.log(`${value} ports of ${host} were asked for, from ${clock(since)} to ${clock(until)}`);
    }
  }
});

function clock(seconds: number): string {
  return new Date(1000 * seconds).toTimeString().slice(0, 8);
}
