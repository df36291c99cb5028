// Checkpoints with a tap that counts nothing: what is written and when, and what the next monitor takes up.

import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MonitorClient } from "../../monitor/client.js";
import { type RunningMonitor, startMonitor } from "../../monitor/monitor.js";
import { lockFile } from "../../native/index.js";
import { FakeTap, fakeMachine, fakeOptions, newCounter, newSketch, quiet } from "./monitor-fakes.js";

const ms = 2000;
let folder: string;
let state: string;
let running: RunningMonitor | undefined;
let client: MonitorClient;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallytree-unit-"));
  state = join(folder, "monitor.state");
});
afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true });
});

async function start(tap = new FakeTap(), lockFile?: () => number, given: object = {}): Promise<FakeTap> {
  const socket = join(folder, "monitor.sock");
  const machine = { ...fakeMachine(tap), ...(lockFile === undefined ? {} : { lockFile }) };
  const { state: _, ...options } = fakeOptions(socket);
  running = await startMonitor({ ...options, ...given }, machine, quiet);
  client = new MonitorClient(socket);
  return tap;
}

async function end(): Promise<void> {
  client.close();
  await running?.stop();
  running = undefined;
}

/** A monitor that kept a sketch of two counters, and ended. */
async function keep(): Promise<void> {
  await start();
  await client.addSketch(newSketch("a", { meta: { id: 7 } }), ms);
  await client.addCounter(newCounter("a", "src"), ms);
  await client.addCounter(newCounter("a", "dst"), ms);
  await end();
}

const head = () => readFileSync(join(state, "checkpoint"), "utf8");
const parts = () => readdirSync(state).filter((name) => name.endsWith(".part"));

it("the next monitor goes on with sketches, totals, counters and their panes", async () => {
  await keep();
  const tap = await start();
  expect(await client.hello(ms)).toMatchObject({ resumed: true });
  expect(await client.sketches(ms)).toMatchObject([
    { uuid: "a", meta: { id: 7 }, counters: [{ spec: { keyType: "src" } }, { spec: { keyType: "dst" } }] },
  ]);
  expect(tap.totalsGiven).toEqual([{ packets: 5n, bytes: 420n, buffers: 4n }]);
  expect(tap.restored.map(({ state, panes }) => [`${state}`, panes.map(String)])).toEqual([
    ["a src 5", ["pane 1"]],
    ["a dst 5", ["pane 1"]],
  ]);
  expect(tap.asked.filter((call) => call.startsWith("add"))).toEqual(["addSketch a"]);
});

it("the next monitor goes on with the sizes of a sketch's packets", async () => {
  await start();
  await client.addSketch(newSketch("a", { sizes: true }), ms);
  await end();
  const tap = await start();
  expect(tap.restored.map(({ state, panes }) => [`${state}`, panes.map(String)])).toEqual([
    ["a sizes 5", ["pane 1"]],
  ]);
  expect(await client.sketches(ms)).toMatchObject([{ uuid: "a", sizes: true, counters: [] }]);
  // They are paid for, and the sketch is the one that is asked for again.
  expect((await client.stats(ms)).memory.used).toBe(2 ** 20);
  expect(await client.addSketch(newSketch("a", { sizes: true }), ms)).toEqual({ added: false });
  await client.removeSketch("a", ms);
  expect((await client.stats(ms)).memory.used).toBe(0);
});

it("a checkpoint from before there were packet sizes in it is gone on from", async () => {
  await keep();
  const body = (head().split("\n")[1] ?? "").replace(/"version":\d+/, '"version":1');
  writeFileSync(
    join(state, "checkpoint"),
    `${createHash("sha256").update(body).digest("base64url")}\n${body}`,
  );
  expect((await start()).restored).toHaveLength(2);
});

it("a sketch's filter is the same afterwards, in the tap as well", async () => {
  const filter = { interface: "INPUT", proto: "udp", dport: 53, device: "eth0", filter: "not broadcast" };
  const before = await start();
  await client.addSketch(newSketch("a", { filter }), ms);
  await end();
  const tap = await start();
  expect(await client.sketches(ms)).toMatchObject([{ filter }]);
  expect(tap.sketches.get("a")?.filter).toEqual(before.sketches.get("a")?.filter);
});

it("the books go on, with the time between as a gap", async () => {
  const before = Date.now() / 1000;
  await keep();
  await start();
  const { stats } = await client.stats(ms);
  expect(stats).toMatchObject({ seen: 14, read: 12, matched: 10, lost: { ring_full: 2 } });
  expect(stats?.gaps).toMatchObject([{ reason: "restarted" }]);
  const [gap] = stats?.gaps ?? [];
  expect(gap?.from).toBeGreaterThanOrEqual(before);
  expect(gap?.to).toBeGreaterThanOrEqual(gap?.from ?? 0);
});

it("the network namespaces told are those that are read now", async () => {
  await keep();
  const tap = new FakeTap();
  const own = await tap.stats();
  tap.stats = async () => ({ ...own, namespaces: ["blue"] });
  await start(tap);
  expect((await client.stats(ms)).stats).toMatchObject({ seen: 14, namespaces: ["blue"] });
});

it("many restarts tell no more than 32 gaps, which cover them all", async () => {
  await keep();
  const first = Date.now() / 1000;
  for (let i = 0; i < 40; i++) {
    await start();
    await end();
  }
  await start();
  const gaps = (await client.stats(ms)).stats?.gaps ?? [];
  expect(gaps).toHaveLength(32);
  expect(gaps[0]?.from).toBeLessThanOrEqual(first);
});

it("a sketch that was removed does not come back, also when the monitor is killed", async () => {
  await keep();
  await start();
  await client.removeSketch("a", ms);
  expect(JSON.parse(head().split("\n")[1] ?? "")).toMatchObject({ head: { sketches: [] } });
  expect(parts()).toEqual([]);
});

it("writes only what was counted since, and touches the head when that is nothing", async () => {
  const tap = await start();
  await client.addSketch(newSketch("a"), ms);
  await client.addCounter(newCounter("a"), ms);
  const savings = () => tap.asked.filter((call) => call.startsWith("saveCounter")).length;
  const next = async (is: () => boolean) => expect.poll(is, { timeout: 5000 }).toBe(true);
  await next(() => savings() === 1 && parts().length === 2);
  const [written, time] = [head(), statSync(join(state, "checkpoint")).mtimeMs];
  const kept = parts();
  await next(() => statSync(join(state, "checkpoint")).mtimeMs > time);
  expect([head(), parts(), savings()]).toEqual([written, kept, 1]);
  tap.packets += 1n;
  await next(() => savings() === 2 && head() !== written);
  await next(() => parts().length === 2);
  expect(parts()).not.toEqual(kept);
});

it("a head cut at any byte, or with any byte changed, is refused and kept aside", async () => {
  await keep();
  const whole = readFileSync(join(state, "checkpoint"));
  const before = new Map(parts().map((name) => [name, readFileSync(join(state, name))]));
  for (let at = 0; at < whole.length; at += 1 + Math.floor(whole.length / 60)) {
    for (const harm of ["cut", "changed"]) {
      for (const [name, bytes] of before) writeFileSync(join(state, name), bytes);
      const bytes = Buffer.from(harm === "cut" ? whole.subarray(0, at) : whole);
      if (harm === "changed") bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(join(state, "checkpoint"), bytes);
      const tap = await start();
      expect([harm, at, tap.restored.length]).toEqual([harm, at, 0]);
      expect(readFileSync(join(state, "refused", "checkpoint"))).toEqual(bytes);
      expect((await client.hello(ms)).resumed).toBe(false);
      await end();
    }
  }
});

it("one damaged part refuses all of it", async () => {
  await keep();
  truncateSync(join(state, parts().at(-1) ?? ""), 3);
  const tap = await start();
  expect(tap.restored).toEqual([]);
  expect(await client.sketches(ms)).toEqual([]);
});

it("a sketch that this monitor cannot count is left out, and the checkpoint kept", async () => {
  await keep();
  const tap = new FakeTap();
  tap.nextError = Object.assign(new Error("kept by another version"), { code: "bad_request" });
  await start(tap);
  expect(await client.sketches(ms)).toEqual([]);
  expect((await client.stats(ms)).memory.used).toBe(0);
  expect(tap.sketches.size).toBe(0);
  expect(readdirSync(join(state, "refused"))).toContain("checkpoint");
});

it("counts of another tap are not gone on from", async () => {
  await keep();
  const tap = await start(new FakeTap(), undefined, { tap: "pcap" });
  expect(tap.restored).toEqual([]);
  expect(readdirSync(join(state, "refused"))).toContain("checkpoint");
});

it("a folder that another monitor has is refused", async () => {
  await keep();
  await expect(start(new FakeTap(), () => -1)).rejects.toThrow(/another --state/);
});

it("one that cannot start lets the next one have its folder, and takes no checkpoint with it", async () => {
  await keep();
  const kept = readdirSync(state);
  const machine = { ...fakeMachine(new FakeTap()), lockFile };
  const { state: _, ...options } = fakeOptions(join(folder, "monitor.sock"));
  const openTap = () => {
    throw new Error("no such tap");
  };
  await expect(startMonitor(options, { ...machine, openTap }, quiet)).rejects.toThrow(/no such tap/);
  expect(readdirSync(state)).toEqual(kept);
  running = await startMonitor(options, machine, quiet);
  // While one runs, no other has it.
  expect(lockFile(join(state, "lock"))).toBe(-1);
});
