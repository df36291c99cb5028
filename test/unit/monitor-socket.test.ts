// The monitor's socket itself: rights, stale and live owners, malformed clients, lost connections, deadlines.

import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeFrame, FrameReader } from "../../controller-client/messages/index.js";
import { MonitorClient } from "../../monitor/client.js";
import { startMonitor } from "../../monitor/monitor.js";
import { closeServer, trackConnections } from "../../monitor/server.js";
import { StartError } from "../../monitor/start-error.js";
import { FakeTap, fakeMachine, fakeOptions, newSketch, quiet, startFake } from "./monitor-fakes.js";

const ms = 2000;
let folder: string;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallytree-unit-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

async function fake() {
  const monitor = await startFake();
  ends.push(() => monitor.end());
  return monitor;
}

async function raw(socket: string): Promise<Socket> {
  const client = connect(socket);
  ends.push(() => client.destroy());
  await once(client, "connect");
  return client;
}

const start = (path: string, fields: object = {}, tap = new FakeTap()) =>
  startMonitor(fakeOptions(path, fields), fakeMachine(tap), quiet);

describe("the path", () => {
  it("has mode 0660 and the group asked for, and is gone after the stop", async () => {
    const path = join(folder, "deep", "monitor.sock");
    const tap = new FakeTap();
    const running = await start(path, { group: "0" }, tap);
    expect(tap.started).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(statSync(path).gid).toBe(0);
    await running.stop();
    expect(existsSync(path)).toBe(false);
  });

  it("is taken over from a monitor that died", async () => {
    const path = join(folder, "monitor.sock");
    const child = await import("node:child_process");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    child.spawnSync(process.execPath, ["-e", script]);
    expect(statSync(path).isSocket()).toBe(true);
    const running = await start(path);
    ends.push(() => running.stop());
    expect(await new MonitorClient(path).sketches(ms)).toEqual([]);
  });

  it("is left to a live monitor", async () => {
    const monitor = await fake();
    const second = new FakeTap();
    await expect(start(monitor.socket, {}, second)).rejects.toThrow(/a monitor runs already at/);
    expect((await monitor.client.hello(ms)).tap.state).toBe("running");
  });

  it("never removes a file that is no socket", async () => {
    const path = join(folder, "notes.txt");
    writeFileSync(path, "mine");
    await expect(start(path)).rejects.toThrow(/no socket/);
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  it("gives the tap back when it cannot be made", async () => {
    const tap = new FakeTap();
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    await expect(start(join(folder, "link", "m.sock"), {}, tap)).rejects.toThrow(StartError);
    expect(tap.stopped).toBe(1);
  });

  it("fits into a socket's address", async () => {
    await expect(start(join(folder, "x".repeat(108)))).rejects.toThrow(/at most 107 bytes/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("needs a group that exists", async () => {
    await expect(start(join(folder, "m.sock"), { group: "no-such-group" })).rejects.toThrow(/no such group/);
  });
});

describe("clients", () => {
  const rubbish: readonly [string, Buffer][] = [
    ["random bytes", Buffer.alloc(64, 0xa5)],
    ["a head that is no object", Buffer.concat([u32(2), u32(0), Buffer.from("[]")])],
    ["a head without an id", encodeFrame({ head: { op: "hello" }, body: new Uint8Array() })],
    ["a request with a body", encodeFrame({ head: { id: 1, op: "hello" }, body: new Uint8Array(1) })],
    ["a frame larger than any request", Buffer.concat([u32(2 ** 23), u32(0), Buffer.alloc(2 ** 21, 0x20)])],
  ];

  it.each(rubbish)("that send %s lose their connection, and only theirs", async (_, bytes) => {
    const monitor = await fake();
    await monitor.client.hello(ms);
    const bad = await raw(monitor.socket);
    bad.on("error", () => undefined);
    const closed = new Promise((resolve) => bad.once("close", resolve));
    bad.write(bytes);
    await closed;
    expect((await monitor.client.hello(ms)).version).toBe(4);
  });

  it("get an error for an unknown operation or field and keep their connection", async () => {
    const monitor = await fake();
    const client = await raw(monitor.socket);
    const ask = (head: object) => client.write(encodeFrame({ head, body: new Uint8Array() }));
    ask({ id: 1, op: "constructor" });
    ask({ id: 2, op: "hello", extra: 1 });
    ask({ id: 3, op: "hello" });
    const heads = await readHeads(client, 3);
    const codes = heads.map(({ id, ok, error }) => [id, ok ?? (error as { code: string }).code]);
    expect(codes).toEqual([
      [1, "unknown_type"],
      [2, "bad_request"],
      [3, true],
    ]);
  });

  it("that leave in the middle do no harm", async () => {
    const monitor = await fake();
    await monitor.client.addSketch(newSketch("a"), ms);
    for (let i = 0; i < 20; i++) {
      const client = await raw(monitor.socket);
      client.write(encodeFrame({ head: { id: 1, op: "sketches" }, body: new Uint8Array() }));
      client.destroy();
    }
    expect(await monitor.client.sketches(ms)).toHaveLength(1);
  });

  it("are served when their requests come byte by byte", async () => {
    const monitor = await fake();
    const client = await raw(monitor.socket);
    const frame = encodeFrame({ head: { id: 9, op: "hello" }, body: new Uint8Array() });
    for (const byte of frame) client.write(Buffer.of(byte));
    expect(await readHeads(client, 1)).toEqual([expect.objectContaining({ id: 9, ok: true })]);
  });
});

describe("MonitorClient", () => {
  it("says that no monitor answers, and finds one that comes later", async () => {
    const path = join(folder, "late.sock");
    const client = new MonitorClient(path);
    ends.push(() => client.close());
    const down = { code: "monitor_down", message: expect.stringContaining("start tallytree-monitor") };
    await expect(client.hello(ms)).rejects.toMatchObject(down);
    const first = await start(path);
    const { instance } = await client.hello(ms);
    await first.stop();
    await expect(client.hello(ms)).rejects.toMatchObject(down);
    const second = await start(path);
    ends.push(() => second.stop());
    expect((await client.hello(ms)).instance).not.toBe(instance);
  });

  it("gives up at the deadline of each call when the monitor hangs", async () => {
    const path = join(folder, "deaf.sock");
    const deaf = createServer(() => undefined).listen(path);
    const connections = trackConnections(deaf);
    await once(deaf, "listening");
    const client = new MonitorClient(path);
    ends.push(() => closeServer(deaf, connections));
    const started = performance.now();
    const late = client.hello(300).catch(() => performance.now() - started);
    await expect(client.hello(100)).rejects.toMatchObject({ code: "timeout" });
    expect(performance.now() - started).toBeLessThan(280);
    expect(await late).toBeGreaterThan(290);
  });

  it("rejects what is under way when the connection is cut", async () => {
    const path = join(folder, "cut.sock");
    const cutting = createServer((socket) => socket.once("data", () => socket.destroy())).listen(path);
    await once(cutting, "listening");
    ends.push(() => closeServer(cutting, []));
    const client = new MonitorClient(path);
    const codes = [1, 2, 3].map(() => client.hello(ms).catch((error: { code: string }) => error.code));
    expect(await Promise.all(codes)).toEqual(Array(3).fill("monitor_down"));
  });
});

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function readHeads(client: Socket, count: number): Promise<Readonly<Record<string, unknown>>[]> {
  const reader = new FrameReader();
  const heads: Readonly<Record<string, unknown>>[] = [];
  return new Promise((resolve, reject) => {
    client.once("close", () => reject(new Error("closed")));
    client.on("data", (chunk: Buffer) => {
      heads.push(...reader.push(chunk).map(({ head }) => head));
      if (heads.length >= count) resolve(heads);
    });
  });
}
