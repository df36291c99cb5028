// npm run bench [NAME]: speed as measured on this machine, in this minute. Asserts nothing; prints what it saw.

import { cpus } from "node:os";
import { benchDeadline } from "./deadline.js";
import { benchHost } from "./host.js";
import { benchMemory } from "./memory.js";
import { benchQueries } from "./queries.js";
import { benchReplay } from "./replay.js";
import { benchScale } from "./scale.js";
import { benchTaps } from "./taps.js";

const benches = {
  deadline: benchDeadline,
  host: benchHost,
  memory: benchMemory,
  queries: benchQueries,
  replay: benchReplay,
  scale: benchScale,
  taps: benchTaps,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `bench: there is no bench ${unknown.join(", ")}: use ${Object.keys(benches).join(", ")}\n`,
  );
  process.exit(1);
}
process.stdout.write(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}\n`);
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`\n${name} ...\n${await bench()}`);
}
