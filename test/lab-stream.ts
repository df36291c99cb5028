// Numbered datagrams at a steady rate between two hosts of a lab, counted where they arrive.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Host, Lab, Running } from "./lab.js";

// This file runs compiled, from dist/test/, and as it stands, from test/.
const here = import.meta.dirname;
const root = join(here, here.endsWith("/dist/test") ? "../.." : "..");
const program = join(root, "build/native-test/stream");
export const streamPort = "9000";

export interface Arrived {
  readonly received: number;
  /** The longest time between two datagrams, in milliseconds. */
  readonly gap_ms: number;
}

/** Builds the program. */
export function buildStream(): void {
  const { status, stderr } = spawnSync("make", ["-s", "-C", join(root, "native/test"), "stream"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`make stream: ${stderr}`);
}

/** Counts what arrives at a host until the returned function is called. */
export async function receive(lab: Lab, host: Host): Promise<() => Promise<Arrived>> {
  const running = await lab.spawn(host, [program, "receive", streamPort], { ready: /ready/ });
  return async () => {
    await running.stop();
    return JSON.parse(running.stdout()) as Arrived;
  };
}

/** Sends `count` datagrams at `rate` a second. */
export function send(lab: Lab, from: Host, to: Host, rate: number, count: number): Promise<Running> {
  return lab.spawn(from, [program, "send", to.address, streamPort, `${rate}`, `${count}`]);
}

/** Kills a process; the milliseconds until its NFQUEUE was gone. */
export async function killReader(lab: Lab, host: Host, pid: number, queue: number): Promise<number> {
  const said = await lab.must(host, program, "end", `${pid}`, "9", `${queue}`);
  return (JSON.parse(said) as { gone_ms: number }).gone_ms;
}
