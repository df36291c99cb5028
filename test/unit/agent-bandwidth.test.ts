// Bandwidth tests with real iperf3 on the loopback: results, refusals, and that no process stays.

import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Bandwidth } from "../../agent/bandwidth/bandwidth.js";
import { Iperf } from "../../agent/bandwidth/iperf.js";

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

/** Children of this process that run, or did and were not waited for. */
function children(): readonly string[] {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(statOf);
  return stats.filter((stat) => stat.includes("(iperf3)") && Number(stat.split(" ")[3]) === process.pid);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

const ends = { src: "127.0.0.1", dst: "127.0.0.2" } as const;

function test(seconds: number, options: { readonly ms?: number; readonly signal?: AbortSignal } = {}) {
  const { ms = 8000, signal = new AbortController().signal } = options;
  const [source, destination] = [new Bandwidth(new Iperf()), new Bandwidth(new Iperf())];
  const query = {
    type: "query bw",
    ...ends,
    method: "tcp",
    seconds,
    scope: "subtree",
    detail: false,
    timeout_ms: 1000,
  } as const;
  const openServer = () => destination.serve(ends.dst, seconds);
  return {
    source,
    destination,
    measure: () => source.measure({ query, leftMs: () => ms, signal, openServer }),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 400));

describe("a bandwidth test", () => {
  it("gives a rate and leaves nothing behind", async () => {
    const { value, lower, upper } = await test(1).measure();
    expect(value).toBeGreaterThan(1);
    expect(lower).toBeLessThanOrEqual(value);
    expect(upper).toBeGreaterThanOrEqual(value);
    await settle();
    expect(children()).toEqual([]);
  });

  it("is the only one on its host", async () => {
    const { source, measure } = test(1);
    const first = measure();
    await expect(source.serve("127.0.0.1", 1)).rejects.toMatchObject({ code: "conflict" });
    await first;
    await expect(measure()).resolves.toMatchObject({ value: expect.any(Number) });
  });

  it("ends at its deadline, and when the asker is gone, on both sides", async () => {
    await expect(test(20, { ms: 500 }).measure()).rejects.toMatchObject({ code: "unavailable" });
    const gone = new AbortController();
    setTimeout(() => gone.abort(), 400);
    await expect(test(20, { signal: gone.signal }).measure()).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect(children()).toEqual([]);
  });

  it("ends with its agent", async () => {
    const { destination, source, measure } = test(20);
    const failed = expect(measure()).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect(children()).toHaveLength(2);
    await Promise.all([source.stop(), destination.stop()]);
    await failed;
    expect(children()).toEqual([]);
  });

  it("says what to install when there is no iperf3", async () => {
    process.env.PATH = "/nowhere";
    await expect(test(1).measure()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/install iperf3/),
    });
    process.env.PATH = path;
    await expect(new Bandwidth(new Iperf()).serve("192.0.2.1", 1)).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});
