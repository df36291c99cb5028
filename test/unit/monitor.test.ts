// The monitor through its socket: registry, memory, errors and the failing tap, on a tap without packets.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maxSketches } from "../../monitor/sketches.js";
import { type FakeMonitor, newCounter, newSketch, secret, span, startFake } from "./monitor-fakes.js";

const ms = 2000;
let monitor: FakeMonitor;

beforeEach(async () => {
  monitor = await startFake();
});
afterEach(() => monitor.end());

const error = (code: string, field?: string, message: RegExp = /./) =>
  expect.objectContaining({ code, field, message: expect.stringMatching(message) });

describe("sketches", () => {
  it("turns the words of config sketch into the tap's filter", async () => {
    const words = { interface: "OUTPUT", proto: "udp", src: "10.0.0.0/8", dport: 53, device: "eth0" };
    expect(await monitor.client.addSketch(newSketch("a", { filter: words }), ms)).toEqual({ added: true });
    const held = monitor.tap.sketches.get("a");
    const filter = { direction: "output", proto: 17, src: "10.0.0.0/8", dport: 53, device: "eth0" };
    expect(held?.filter).toEqual(filter);
    expect(Buffer.from(held?.secret ?? []).toString("hex")).toBe(secret);
  });

  it("adds a sketch once, also when two ask at the same time", async () => {
    const answers = await Promise.all([1, 2].map(() => monitor.client.addSketch(newSketch("a"), ms)));
    expect(answers).toEqual([{ added: true }, { added: false }]);
    expect(monitor.tap.asked).toEqual(["addSketch a"]);
  });

  it("refuses the same uuid with another filter or secret", async () => {
    await monitor.client.addSketch(newSketch("a"), ms);
    const other = newSketch("a", { filter: { interface: "OUTPUT" } });
    await expect(monitor.client.addSketch(other, ms)).rejects.toEqual(error("conflict"));
    const stranger = newSketch("a", { secret: "f".repeat(32) });
    await expect(monitor.client.addSketch(stranger, ms)).rejects.toEqual(error("conflict"));
  });

  it.each([
    ["device", { filter: { interface: "INPUT", device: "eth9" } }, /no network device "eth9"/],
    ["device", { filter: { interface: "INPUT", device: "any" } }, /leave device out/],
    ["device", { filter: { interface: "INPUT", device: "port0" } }, /port of br0.*name br0/],
    ["src", { filter: { interface: "INPUT", src: "10.0.0.1/33" } }, /src/],
    ["dst", { filter: { interface: "INPUT", src: "10.0.0.1", dst: "fd00::1" } }, /one IP version/],
    ["tap", { tap: "nfqueue" }, /tallytree-monitor --tap nfqueue/],
    ["secret", { secret: "short" }, /./],
    ["interface", { filter: { interface: "SIDEWAYS" } }, /./],
    ["netns", { filter: { interface: "INPUT", netns: "all" } }, /own network namespace only.*--netns/],
    ["promiscuous", { filter: { interface: "MIRROR", promiscuous: true } }, /name it in device/],
  ])("refuses a wrong %s, naming the field", async (field, fields, message) => {
    await expect(monitor.client.addSketch(newSketch("a", fields), ms)).rejects.toEqual(
      error("bad_request", field, message),
    );
    expect(monitor.tap.asked).toEqual([]);
    expect(await monitor.client.sketches(ms)).toEqual([]);
  });

  it("keeps meta for the agent and hands all back", async () => {
    await monitor.client.addSketch(newSketch("a", { meta: { id: 3, label: "web" } }), ms);
    await monitor.client.addCounter(newCounter("a"), ms);
    await monitor.client.setMeta("a", { id: 4 }, ms);
    const { spec, meta } = newCounter("a");
    const filter = { interface: "INPUT" };
    expect(await monitor.client.sketches(ms)).toEqual([
      { uuid: "a", secret, filter, meta: { id: 4 }, counters: [{ spec, meta }] },
    ]);
  });

  it("forgets a removed sketch, and removing it again is no error", async () => {
    await monitor.client.addSketch(newSketch("a"), ms);
    await monitor.client.removeSketch("a", ms);
    await monitor.client.removeSketch("a", ms);
    expect(monitor.tap.asked).toEqual(["addSketch a", "removeSketch a"]);
    await expect(monitor.client.totals("a", ms)).rejects.toEqual(error("not_found", "sketch_id"));
  });

  it("does not hold a sketch that the tap refused", async () => {
    monitor.tap.nextError = Object.assign(new Error("no"), { code: "bad_request" });
    await expect(monitor.client.addSketch(newSketch("a"), ms)).rejects.toEqual(error("bad_request"));
    expect(await monitor.client.addSketch(newSketch("a"), ms)).toEqual({ added: true });
  });

  it(`keeps at most ${maxSketches}`, async () => {
    const asked = Array.from({ length: maxSketches }, (_, i) =>
      monitor.client.addSketch(newSketch(`${i}`), ms),
    );
    await Promise.all(asked);
    await expect(monitor.client.addSketch(newSketch("more"), ms)).rejects.toEqual(error("too_large"));
    expect(await monitor.client.addSketch(newSketch("0"), ms)).toEqual({ added: false });
  });
});

describe("counters and memory", () => {
  beforeEach(() => monitor.client.addSketch(newSketch("a"), ms));

  it("refuses what the budget does not hold with the bytes needed, and charges nothing for it", async () => {
    await monitor.client.addCounter(newCounter("a", "src", { capacity: 16384 - 16 }), ms);
    await expect(monitor.client.addCounter(newCounter("a", "dst", { capacity: 17 }), ms)).rejects.toEqual(
      error("too_large", "capacity", /needs 17408 bytes and 16384 of 16777216/),
    );
    expect(monitor.tap.asked).not.toContain("addCounter a dst");
    expect(await monitor.client.addCounter(newCounter("a", "dst", { capacity: 16 }), ms)).toEqual({
      added: true,
    });
    expect((await monitor.client.stats(ms)).memory).toEqual({ used: 2 ** 24, budget: 2 ** 24 });
  });

  it("prices the sizes of a sketch before they are kept, and gives them back with it", async () => {
    await monitor.client.addCounter(newCounter("a", "src", { capacity: 16384 - 512 }), ms);
    await expect(monitor.client.addSketch(newSketch("s", { sizes: true }), ms)).rejects.toEqual(
      error("too_large", "sizes", /packet sizes need 1048576 bytes and 524288 of/),
    );
    await monitor.client.removeSketch("a", ms);
    await monitor.client.addSketch(newSketch("s", { sizes: true }), ms);
    expect(monitor.tap.asked).toContain("addSketch s sizes");
    expect((await monitor.client.stats(ms)).memory.used).toBe(2 ** 20);
    expect((await monitor.client.sketches(ms)).map(({ sizes }) => sizes)).toEqual([true]);
    await expect(monitor.client.addSketch(newSketch("s"), ms)).rejects.toEqual(error("conflict"));
    const { value } = await monitor.client.sizes({ uuid: "s", window: "all" }, ms);
    expect(Buffer.from(value).toString()).toBe('sizes s "all"');
    await monitor.client.removeSketch("s", ms);
    expect((await monitor.client.stats(ms)).memory.used).toBe(0);
  });

  it("gives memory back with the sketch, and when the tap refuses the counter", async () => {
    await monitor.client.addCounter(newCounter("a"), ms);
    monitor.tap.nextError = Object.assign(new Error("no"), { code: "bad_request" });
    await expect(monitor.client.addCounter(newCounter("a", "dst"), ms)).rejects.toEqual(error("bad_request"));
    expect((await monitor.client.stats(ms)).memory.used).toBe(4096 * 1024);
    await monitor.client.removeSketch("a", ms);
    expect((await monitor.client.stats(ms)).memory.used).toBe(0);
  });

  it("adds an equal counter once and refuses an unlike one", async () => {
    await monitor.client.addCounter(newCounter("a"), ms);
    expect(await monitor.client.addCounter(newCounter("a"), ms)).toEqual({ added: false });
    const unlike = monitor.client.addCounter(newCounter("a", "src", { increment: "bytes" }), ms);
    await expect(unlike).rejects.toEqual(error("conflict", "increment"));
  });

  it("names the field of a key type that is none and of a sketch that is not there", async () => {
    const wrongKey = monitor.client.addCounter(newCounter("a", "xrc"), ms);
    await expect(wrongKey).rejects.toEqual(error("bad_request", "counter_key_type"));
    const nowhere = monitor.client.addCounter(newCounter("b"), ms);
    await expect(nowhere).rejects.toEqual(error("not_found", "sketch_id"));
  });
});

describe("queries", () => {
  beforeEach(async () => {
    await monitor.client.addSketch(newSketch("a"), ms);
    await monitor.client.addCounter(newCounter("a"), ms);
  });

  it("hands ledgers and distinct sets over as bytes", async () => {
    const query = { uuid: "a", keyType: "src", window: "realtime" as const };
    const ledger = await monitor.client.ledger(query, ms);
    expect(Buffer.from(ledger.value).toString()).toBe('ledger a src "realtime"');
    expect(ledger).toMatchObject(span);
    const spanned = { ...query, window: { from: 5, to: 9 } };
    const { value } = await monitor.client.distinct(spanned, ms);
    expect(Buffer.from(value).toString()).toBe('distinct a src {"from":5,"to":9}');
  });

  it("keeps counts above 2^53 exact", async () => {
    const query = { uuid: "a", keyType: "src", window: "all" as const };
    const interval = await monitor.client.interval({ ...query, key: "10.0.0.1" }, ms);
    expect(interval).toEqual({ ...span, value: { lower: 2n ** 53n + 1n, upper: 2n ** 63n } });
    expect(await monitor.client.totals("a", ms)).toEqual({ packets: 5n, bytes: 420n, buffers: 4n });
  });

  it("says which counters there are when one is missing, and which field has a bad key", async () => {
    const missing = monitor.client.ledger({ uuid: "a", keyType: "dst", window: "all" }, ms);
    await expect(missing).rejects.toEqual(error("not_found", "counter_key_type", /it has: src/));
    const rubbish = monitor.client.interval({ uuid: "a", keyType: "src", key: "rubbish", window: "all" }, ms);
    await expect(rubbish).rejects.toEqual(error("bad_request", "counter_key", /no such key/));
  });
});

describe("a tap that fails for good", () => {
  it("is told by hello, stats and every query, and is closed", async () => {
    await monitor.client.addSketch(newSketch("a"), ms);
    expect((await monitor.client.hello(ms)).tap).toEqual({ kind: "packet", state: "running" });
    monitor.tap.fail(new Error("the device went away"));
    const tap = { kind: "packet", state: "failed", reason: "the device went away" };
    expect((await monitor.client.hello(ms)).tap).toEqual(tap);
    const stats = await monitor.client.stats(ms);
    expect(stats.tap).toEqual(tap);
    expect(stats.stats).toBeUndefined();
    await expect(monitor.client.totals("a", ms)).rejects.toEqual(error("tap", undefined, /device went away/));
    expect(monitor.tap.stopped).toBe(1);
  });

  it("leaves nothing of an unknown error but that it happened", async () => {
    await monitor.client.addSketch(newSketch("a"), ms);
    monitor.tap.nextError = new TypeError("secret inner state");
    await expect(monitor.client.totals("a", ms)).rejects.toEqual(error("internal", undefined, /see the log/));
  });
});
