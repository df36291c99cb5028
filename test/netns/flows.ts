// Runs in a namespace: many TCP connections that echo small messages all the time.
// flows.js serve ADDRESS PORT | flows.js open ADDRESS PORT COUNT; says on SIGTERM what became of them.

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What became of the connections. */
export interface Flows {
  readonly flows: number;
  /** Connections that failed, or whose messages did not all come back. */
  readonly broken: number;
}

const messageEveryMs = 50;
const patienceMs = 10_000;

interface Flow {
  readonly socket: Socket;
  sent: number;
  echoed: number;
  failed: boolean;
}

const [what, address, port, count] = process.argv.slice(2);
if (what === "serve") {
  const server = createServer({ noDelay: true }, (socket) =>
    socket.on("error", () => socket.destroy()).pipe(socket),
  );
  await once(server.listen(Number(port), address), "listening");
  process.once("SIGTERM", () => process.exit(0));
} else {
  const flows = await Promise.all(Array.from({ length: Number(count) }, open));
  const talking = setInterval(() => flows.forEach(say), messageEveryMs);
  process.once("SIGTERM", async () => {
    clearInterval(talking);
    await settled(flows);
    process.stdout.write(
      `${JSON.stringify({ flows: flows.length, broken: flows.filter(isBroken).length })}\n`,
    );
    process.exit(0);
  });
}
process.stdout.write("ready\n");

async function open(): Promise<Flow> {
  const socket = connect({ host: address ?? "", port: Number(port), noDelay: true });
  const flow: Flow = { socket, sent: 0, echoed: 0, failed: false };
  socket.on("error", () => {
    flow.failed = true;
  });
  socket.on("data", (bytes) => {
    flow.echoed += bytes.length;
  });
  await once(socket, "connect");
  return flow;
}

function say(flow: Flow): void {
  flow.socket.write("message.");
  flow.sent += 8;
}

const isBroken = ({ failed, sent, echoed }: Flow): boolean => failed || sent !== echoed;

async function settled(flows: readonly Flow[]): Promise<void> {
  const end = performance.now() + patienceMs;
  while (flows.some(isBroken) && performance.now() < end) await sleep(20);
}
