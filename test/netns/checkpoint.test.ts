// Counters survive their monitor: it is killed under load, ended, given a broken checkpoint.

import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CountDetail, SizesDetail } from "../../controller-client/messages/index.js";
import { type Host, type Running, until } from "../lab.js";
import { Network, program } from "../lab-network.js";
import { buildStream, send, streamPort } from "../lab-stream.js";

const long = process.env.TALLYTREE_LONG === "1";
const kills = long ? 50 : 2;
const rate = 20_000;
const counter = { counter_key_type: "src_dport" };

let network: Network;
let own: Host;
let peer: Host;
let state: string;

beforeEach(() => {
  buildStream();
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  state = join(network.lab.folder, "state");
});
afterEach(() => network?.close());

const startMonitor = (...options: readonly string[]) =>
  network.startMonitor(own, ["--state", state, ...options]);

async function begin(...options: readonly string[]): Promise<{ monitor: Running; agent: Running }> {
  const monitor = await startMonitor(...options);
  const agent = await network.startAgent(own);
  const sketch = { type: "config sketch", proto: "udp", dport: Number(streamPort) };
  expect(await network.ask(own, sketch)).toBe(0);
  await network.ask(own, { type: "config sketch counter", sketch_id: 0, ...counter });
  return { monitor, agent };
}

/** The datagrams counted, once the agent's monitor answers. */
const count = (window?: object) =>
  until("an answer", async () => {
    const query = { type: "query sketch", sketch_id: 0, ...counter, counter_key: "total" };
    const body = JSON.stringify({ ...query, window, detail: true });
    const { status, value } = await network.post(own, body, "application/json");
    return status === 200 ? (value as CountDetail) : undefined;
  });

/** The sizes of the datagrams counted, once the agent's monitor answers. */
const sizes = (window?: object) =>
  until("an answer", async () => {
    const body = JSON.stringify({ type: "query sizes", sketch_id: 0, window, detail: true });
    const { status, value } = await network.post(own, body, "application/json");
    return status === 200 ? (value as SizesDetail) : undefined;
  });

/** Slowly, so that none is lost on the way. */
async function stream(datagrams: number): Promise<void> {
  expect(await (await send(network.lab, peer, own, 5000, datagrams)).ended).toBe(0);
}

interface Head {
  readonly head: { readonly sketches: readonly { readonly totals: { readonly packets: string } }[] };
}

const readHead = () =>
  JSON.parse(readFileSync(join(state, "checkpoint"), "utf8").split("\n")[1] ?? "") as Head;

describe(`a monitor killed ${kills} times under load`, () => {
  it("goes on from its last checkpoint and tells the gap", { timeout: kills * 20_000 }, async () => {
    let { monitor } = await begin();
    let least = 0;
    for (let i = 0; i < kills; i++) {
      const sending = await send(network.lab, peer, own, rate, 1.5 * rate);
      await sleep(200 + 1200 * Math.random());
      least = Math.max(least, kept());
      await monitor.stop("SIGKILL");
      monitor = await startMonitor();
      const resumed = Number((await count()).value);
      expect(resumed).toBeGreaterThanOrEqual(least);
      expect(await sending.ended).toBe(0);
      const { value: text, loss } = await count();
      const value = Number(text);
      expect(value).toBeGreaterThanOrEqual(resumed);
      expect(value).toBeLessThanOrEqual((i + 1) * 1.5 * rate);
      expect(loss.complete).toBe(false);
      expect(loss.gaps.filter(({ reason }) => /restarted|several/.test(reason))).not.toHaveLength(0);
      const last = loss.gaps.at(-1);
      expect((last?.to ?? 0) - (last?.from ?? 0)).toBeGreaterThan(0);
      least = value;
      // The next kill must not fall before this is kept.
      const answered = Date.now();
      await until("a checkpoint", () => keptUntil() > answered || undefined);
    }
  });
});

/** The packets in the checkpoint that is there. */
const kept = () => Number(existing(readHead)?.head.sketches[0]?.totals.packets ?? 0);

/** Up to when everything is in the checkpoint that is there: ms since 1970. */
const keptUntil = () => existing(() => statSync(join(state, "checkpoint")).mtimeMs) ?? 0;

const existing = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

describe.each(long ? [1, 2] : [2])("a monitor of %i cores that is ended", (cores) => {
  it("loses nothing of what it counted", async () => {
    const sent = 5000;
    const before = Date.now() / 1000;
    const { monitor, agent } = await begin("--cores", `${cores}`);
    await stream(sent);
    expect((await count()).value).toBe(sent);
    expect(await monitor.stop()).toBe(0);
    const ended = Date.now() / 1000;
    await startMonitor("--cores", `${cores}`);
    const { value, loss } = await count();
    expect(value).toBe(sent);
    expect(loss.gaps).toEqual([
      { host: `${own.address}:8000`, from: expect.any(Number), to: expect.any(Number), reason: "restarted" },
    ]);
    expect(loss.gaps[0]?.from).toBeLessThanOrEqual(ended);
    expect((await count({ from: Math.floor(before), to: Math.ceil(ended) })).value).toBe(sent);

    const after = Math.ceil(Date.now() / 1000) + 1;
    await sleep(after * 1000 - Date.now());
    await stream(sent);
    expect((await count()).value).toBe(2 * sent);
    const late = await count({ from: after, to: after + 30 });
    expect([late.value, late.loss.complete]).toEqual([sent, true]);

    await agent.stop("SIGKILL");
    await network.startAgent(own);
    expect((await count()).value).toBe(2 * sent);
  });
});

it("packet sizes go on from the checkpoint of a monitor that is killed", { timeout: 60_000 }, async () => {
  const sent = 3000;
  const before = Math.floor(Date.now() / 1000);
  let monitor = await startMonitor();
  await network.startAgent(own);
  await network.ask(own, { type: "config sketch", proto: "udp", dport: Number(streamPort), sizes: true });
  for (const packets of [sent, 2 * sent]) {
    await stream(sent);
    const counted = await sizes();
    expect(counted.value.packets).toBe(packets);
    const isKept = () => existing(readHead)?.head.sketches[0]?.totals.packets === `${packets}`;
    await until("a checkpoint", () => isKept() || undefined);
    await monitor.stop("SIGKILL");
    monitor = await startMonitor();
    expect((await sizes()).value).toEqual(counted.value);
    const { value, window, loss } = await sizes({ from: before, to: before + 50 });
    expect(value).toEqual(counted.value);
    expect(window.from).toBeLessThan(loss.gaps[0]?.from ?? 0);
  }
});

describe("a checkpoint that is broken", () => {
  const harms: readonly (readonly [string, () => void])[] = [
    ["cut", () => truncateSync(join(state, "checkpoint"), 200)],
    ["changed in a part", () => change(join(state, parts()[0] ?? ""))],
    ["empty", () => truncateSync(join(state, "checkpoint"), 0)],
    ["changed", () => change(join(state, "checkpoint"))],
    ["short of a part's end", () => truncateSync(join(state, parts()[0] ?? ""), 100)],
  ];
  const parts = () => readdirSync(state).filter((name) => name.endsWith(".part"));

  it("is refused and kept aside", async () => {
    let { monitor } = await begin();
    for (const [name, harm] of long ? harms : harms.slice(0, 2)) {
      await stream(100);
      await monitor.stop();
      harm();
      monitor = await startMonitor();
      expect(monitor.stderr(), name).toMatch(/refused/);
      expect(readdirSync(join(state, "refused")), name).toContain("checkpoint");
      await until("the sketch", async () => ((await count()).value === 0 ? true : undefined));
    }
  });
});

function change(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

it("a folder serves one monitor at a time", async () => {
  await startMonitor();
  const socket = join(network.lab.folder, "other.sock");
  const argv = [...program("monitor"), "--socket", socket, "--state", state];
  const { status, stderr } = await network.lab.run(peer, ...argv);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/another --state/)]);
});
