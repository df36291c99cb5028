// A NATS server of a test's own, on a free port of the loopback (or at an address of a host in a lab).

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Logs go nowhere. */
export async function startNatsServer(): Promise<NatsServer> {
  const server = spawn("nats-server", ["--addr", "127.0.0.1", "--port", "-1"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    server.once("error", reject);
    createInterface({ input: server.stderr }).on("line", (line) => {
      const found = /client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: () => {
      server.kill();
      return ended;
    },
  };
}
