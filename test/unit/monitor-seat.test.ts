// A monitor serves one agent at a time, over real sockets: who is refused, who gets in again, and who never asks.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { MonitorClient } from "../../monitor/client.js";
import { startMonitor } from "../../monitor/monitor.js";
import { Seat } from "../../monitor/seat.js";
import {
  type FakeMonitor,
  FakeTap,
  fakeMachine,
  fakeOptions,
  newSketch,
  quiet,
  startFake,
} from "./monitor-fakes.js";

const ms = 2000;
const clientModule = join(import.meta.dirname, "..", "..", "dist", "monitor", "client.js");
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function fake(): Promise<FakeMonitor> {
  const monitor = await startFake();
  ends.push(() => monitor.end());
  return monitor;
}

function agent({ socket }: Pick<FakeMonitor, "socket">, key: string, pid = 4711): MonitorClient {
  const client = new MonitorClient(socket, { agent: `10.0.0.1:${key}`, pid, key });
  ends.push(() => client.close());
  return client;
}

/** An agent in a process of its own, which has been answered. */
async function agentProcess({ socket }: FakeMonitor): Promise<ChildProcess> {
  const script = `const { MonitorClient } = await import(${JSON.stringify(clientModule)});
    const me = { agent: "10.0.0.1:8000", pid: process.pid, key: "other" };
    await new MonitorClient(${JSON.stringify(socket)}, me).hello(${ms});
    process.stdout.write("served");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  ends.push(() => child.kill("SIGKILL"));
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

const refused = {
  code: "conflict",
  message: expect.stringMatching(/10\.0\.0\.1:8000, process 4711.*kill -9/),
};

describe("of two agents", () => {
  it("the second is refused everything by the first's name, and the first goes on", async () => {
    const monitor = await fake();
    const [first, second] = [agent(monitor, "8000"), agent(monitor, "8001", 4712)];
    await first.addSketch(newSketch("a"), ms);
    await expect(second.hello(ms)).rejects.toMatchObject(refused);
    await expect(second.totals("a", ms)).rejects.toMatchObject(refused);
    await expect(second.removeSketch("a", ms)).rejects.toMatchObject(refused);
    expect(await first.sketches(ms)).toHaveLength(1);
  });

  it("the second is served, on the same connection, as soon as the first is gone", async () => {
    const monitor = await fake();
    const [first, second] = [agent(monitor, "8000"), agent(monitor, "8001")];
    await first.hello(ms);
    await expect(second.hello(ms)).rejects.toMatchObject(refused);
    first.close();
    await second.hello(ms);
    const again = { code: "conflict", message: expect.stringContaining("10.0.0.1:8001") };
    await expect(first.hello(ms)).rejects.toMatchObject(again);
  });

  it("one that is stopped keeps its place, and one that is killed does not", async () => {
    const monitor = await fake();
    const other = await agentProcess(monitor);
    other.kill("SIGSTOP");
    const named = { code: "conflict", message: expect.stringContaining(`process ${other.pid}`) };
    await expect(agent(monitor, "8001").hello(ms)).rejects.toMatchObject(named);
    other.kill("SIGKILL");
    await once(other, "exit");
    await agent(monitor, "8002").hello(ms);
  });

  it("the one that left while it waited for its turn does not get it", async () => {
    const monitor = await fake();
    const [first, second] = [agent(monitor, "8000"), agent(monitor, "8001")];
    await first.hello(ms);
    const waiting = second.hello(ms).catch((error: { code: string }) => error.code);
    await monitor.client.hello(ms);
    second.close();
    first.close();
    expect(await waiting).toBe("monitor_down");
    await agent(monitor, "8002").hello(ms);
  });
});

describe("a monitor that is started anew", () => {
  const named = { code: "conflict", message: expect.stringContaining("waits for the agent") };

  it("is kept for the agent of the one before, though another one asks first", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tallytree-unit-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, "monitor.sock");
    const start = () => startMonitor(fakeOptions(socket), fakeMachine(new FakeTap()), quiet);
    const before = await start();
    const [first, second] = [agent({ socket }, "8000"), agent({ socket }, "8001")];
    await first.hello(ms);
    await expect(second.hello(ms)).rejects.toMatchObject(refused);
    await before.stop();
    for (const one of [first, second])
      await expect(one.hello(ms)).rejects.toMatchObject({ code: "monitor_down" });
    const after = await start();
    ends.push(() => after.stop());
    await expect(second.totals("a", ms)).rejects.toMatchObject(named);
    await first.hello(ms);
    await expect(second.hello(ms)).rejects.toMatchObject(refused);
    // One that was never refused has nobody to wait for.
    first.close();
    await agent({ socket }, "8002").hello(ms);
  });

  it("serves the other one when that agent does not come back", async () => {
    const seat = new Seat(300);
    const visit = seat.visit();
    visit.introduce({ agent: "10.0.0.1:8001", pid: 1, key: "b", second: true });
    await expect(visit.admit()).rejects.toMatchObject(named);
    await sleep(350);
    await visit.admit();
  });
});

describe("one agent", () => {
  it("is never locked out by its own end, however soon it is back", async () => {
    const monitor = await fake();
    for (let start = 0; start < 50; start++) {
      const client = agent(monitor, `${start}`);
      await client.hello(ms);
      client.close();
    }
  });

  it("is served while an earlier connection of its own is still there", async () => {
    const monitor = await fake();
    const [one, two] = [agent(monitor, "8000"), agent(monitor, "8000")];
    await one.hello(ms);
    await two.hello(ms);
    one.close();
    await two.hello(ms);
    await expect(agent(monitor, "8001").hello(ms)).rejects.toMatchObject(refused);
  });
});

it("what is no agent asks beside one", async () => {
  const monitor = await fake();
  await agent(monitor, "8000").addSketch(newSketch("a"), ms);
  expect(await monitor.client.sketches(ms)).toHaveLength(1);
});
