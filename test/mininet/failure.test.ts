// Hosts that fail under a lab's eyes: the answers stay right for the others, come in time, and name who is missing.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { until } from "../lab.js";
import { agentName, MininetLab, measured } from "./mininet-lab.js";
import { remains } from "./remains.js";

/** One request and one reply of 84 bytes from each of 8 other hosts. */
const bytesInto = 8 * 168;
/** timeout_ms of the queries, and what a busy machine may add. */
const timeoutMs = 1000;
const slackMs = 250;

interface Total {
  readonly value: number;
  readonly coverage: { readonly answered: string[]; readonly missing: { host: string; reason: string }[] };
}

let lab: MininetLab;
let query: object;

afterEach(async () => {
  expect(await lab.close()).toBe(0);
  expect(remains()).toEqual([]);
});

async function start(...options: readonly string[]): Promise<void> {
  lab = await MininetLab.start(...options);
  const counter = { counter_key_type: "src_dst", increment: "bytes" };
  const sketch_id = await lab.count("h2", { proto: "icmp" }, counter);
  await lab.command("pingall");
  query = {
    type: "query sketch",
    sketch_id,
    ...counter,
    counter_key: "total",
    detail: true,
    timeout_ms: timeoutMs,
  };
  query = Object.fromEntries(Object.entries(query).filter(([name]) => name !== "increment"));
  expect((await total()).value).toBe(measured.length * bytesInto);
}

/** The root's answer, which must come in time. */
async function total(): Promise<Total> {
  const asked = performance.now();
  const answer = (await lab.ask("h2", query)) as Total;
  expect(performance.now() - asked).toBeLessThan(timeoutMs + slackMs);
  return answer;
}

/** Asks in a loop while something is killed; from the kill on, every answer lacks exactly these hosts. */
async function killDuringLoop(
  host: string,
  kind: "monitor" | "agent",
  gone: readonly string[],
): Promise<void> {
  const pid = await lab.programPid(host, kind);
  await total();
  process.kill(pid, "SIGKILL");
  await until(`the end of ${pid}`, () => (isRunning(pid) ? undefined : true));
  for (let i = 0; i < 5; i++) {
    const { value, coverage } = await total();
    expect(coverage.missing.map((one) => one.host).sort()).toEqual(gone.map(agentName));
    expect(coverage.answered).toHaveLength(measured.length - gone.length);
    expect(value).toBe((measured.length - gone.length) * bytesInto);
    await sleep(50);
  }
}

/** Whether it runs; one that has ended may stay in the list until its parent looks. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

it("a monitor, an agent at the edge, then an inner agent are killed", async () => {
  await start();
  await killDuringLoop("h9", "monitor", ["h9"]);
  await killDuringLoop("h9", "agent", ["h9"]);
  await killDuringLoop("h3", "agent", ["h3", "h6", "h7", "h8", "h9"]);
});

it("with the nfqueue tap a killed monitor does not stop its host's traffic", async () => {
  await start("--tap", "nfqueue");
  const sketch_id = await lab.count("h9", { proto: "icmp" }, { counter_key_type: "src" });
  await lab.run("h1", "ping", "-q", "-c", "3", "-i", "0.05", "-W", "2", "10.0.0.9");
  const key = { counter_key_type: "src", counter_key: "10.0.0.1" };
  expect(await lab.ask("h9", { type: "query sketch", sketch_id, ...key })).toBe(3);
  await killDuringLoop("h9", "monitor", ["h9"]);
  const pings = await lab.run("h1", "ping", "-q", "-c", "5", "-i", "0.05", "-W", "2", "10.0.0.9");
  expect(pings).toContain("5 received");
});
