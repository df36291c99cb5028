// One agent in a process of its own: node dist/test/bench/comb-agent.js ADDRESS PORT INDEX. Says "ready" when it listens.

import { pino } from "pino";
import { buildApp } from "../../agent/app.js";
import { assemble } from "../../agent/assembly.js";
import { parseAgentAddress } from "../../controller-client/messages/index.js";
import { SyntheticMonitor } from "../emulator/synthetic-monitor.js";

const [, , host = "127.0.0.1", port = "8000", index = "0"] = process.argv;
const address = parseAgentAddress(`${host}:${port}`);
const agent = assemble({ version: "bench", address, monitor: new SyntheticMonitor(Number(index)) });
await buildApp(agent, pino({ level: "silent" })).listen({ host, port: Number(port) });
process.stdout.write("ready\n");
