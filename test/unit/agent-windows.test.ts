// Windows over agents: spans of seconds, the last seconds, changes between windows, and clocks that are off.

import { afterAll, describe, expect, it } from "vitest";
import { compareClocks } from "../../overlay/clocks.js";
import type { Datagram } from "../native/capture-bytes.js";
import { post, removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const start = 6000;
const ping = (host: number, second: number, count = 1): Datagram[] =>
  Array.from({ length: count }, () => ({
    src: `10.0.0.${host}`,
    dst: "10.0.0.99",
    proto: 1,
    time: start + second,
  }));
const asked = { sketch_id: 0, counter_key_type: "src" };
const hitters = { type: "query heavy hitters", threshold: 0, ...asked };
const key = (counter_key: string) => ({ type: "query sketch", ...asked, counter_key });
const span = (from: number, to: number) => ({ from: start + from, to: start + to });

/** A chain of agents, each over its packets, whose clocks show second 20 but for what they are ahead. */
async function chain(files: readonly Datagram[][], aheadMs: readonly number[] = []): Promise<Station> {
  const village = new Village();
  for (const [index, file] of files.entries()) {
    village.add(file, () => (start + 20) * 1000 + (aheadMs[index] ?? 0));
    if (index > 0) await village.link(index - 1, index);
  }
  const root = village.at(0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await root.ask({ type: "config sketch" });
  await root.ask({ type: "config sketch counter", ...asked });
  await village.play();
  return root;
}

const three = () => [
  [...ping(1, 2, 5), ...ping(1, 12, 7), ...ping(2, 15, 1), ...ping(9, 20)],
  [...ping(1, 9, 2), ...ping(1, 10, 1), ...ping(3, 19, 4), ...ping(9, 20)],
  [...ping(2, 11, 30), ...ping(2, 19, 3), ...ping(9, 20)],
];

describe("a window", () => {
  it("holds the same seconds of every host, whatever their clocks show", async () => {
    const root = await chain(three(), [0, 3000, -3000]);
    const window = span(9, 12);
    expect((await root.ask({ ...hitters, window })).value).toEqual({ "10.0.0.1": 3, "10.0.0.2": 30 });
    expect((await root.ask({ ...key("10.0.0.1"), window })).value).toBe(3);
    expect((await root.ask({ ...key("key_num"), window })).value).toBe(2);
    expect((await root.ask({ ...key("total"), window, detail: true })).value).toMatchObject({
      value: 33,
      exact: true,
      window: { kind: "span", ...window },
      coverage: { expected: 3, complete: true },
    });
    expect((await root.ask({ ...key("total"), window: { last: 9 } })).value).toBe(39);
    expect((await root.ask(key("total"))).value).toBe(56);
  });

  it("may be a number or JSON text, as forms carry it", async () => {
    const { app } = await chain(three());
    const form = async (window: string) => {
      const fields = { type: "query sketch", counter_key: "total", sketch_id: "0", counter_key_type: "src" };
      const text = new URLSearchParams({ ...fields, window }).toString();
      return (await post(app, text, "application/x-www-form-urlencoded")).value;
    };
    expect(await form("9")).toBe(39);
    expect(await form('{"last":9}')).toBe(39);
    expect(await form('{"from":6009,"to":6012}')).toBe(33);
    for (const wrong of ["0", "3601", "1.5", "{}", "ten", '{"from":9,"to":9}', '{"last":1,"from":2}', "[]"]) {
      expect(await form(wrong)).toMatchObject({ error: { code: "bad_request", field: "window" } });
    }
  });

  it("is said as it is covered, and goes with key_num, not with the real-time word", async () => {
    const { ask } = await chain([[...ping(1, 2), ...ping(2, 100), ...ping(2, 200), ...ping(2, 300)]]);
    const { value } = await ask({ ...hitters, window: span(100, 130), detail: true });
    expect(value).toMatchObject({ value: { "10.0.0.2": 1 }, window: { kind: "span", ...span(60, 180) } });
    const early = await ask({ ...key("total"), window: span(-900, 3), detail: true });
    expect(early.value).toMatchObject({ value: 1, window: span(2, 60) });
    expect(await ask({ ...key("real_time_key_num"), window: 5 })).toMatchObject({ status: 400 });
  });
});

describe("a change", () => {
  it("is that from the ten seconds before to the last ten, over all hosts", async () => {
    const root = await chain(three());
    const change = { type: "query change", ...asked };
    expect((await root.ask(change)).value).toEqual({ "10.0.0.2": 31, "10.0.0.1": 5 });
    const { value } = await root.ask({ ...change, window: span(10, 20), before: span(0, 10), detail: true });
    expect(Object.keys(value.value)).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.1"]);
    expect(value).toMatchObject({
      value: { "10.0.0.2": 34, "10.0.0.3": 4, "10.0.0.1": 1 },
      keys: { "10.0.0.2": { change: 34, lower: 34, upper: 34, exact: true, certain: true } },
      window: { kind: "span", ...span(10, 20) },
      // The last host heard its first packet in second 11.
      before: { kind: "span", from: start + 2, to: start + 10, common: span(10, 10) },
      total: 46,
      total_before: 7,
      coverage: { complete: true, expected: 3 },
    });
    const fell = { ...change, window: span(13, 20), before: span(3, 13) };
    expect((await root.ask(fell)).value).toEqual({ "10.0.0.2": -26, "10.0.0.1": -10, "10.0.0.3": 4 });
    expect((await root.ask({ ...fell, k: 1 })).value).toEqual({ "10.0.0.2": -26 });
    expect((await root.ask({ ...fell, threshold: 0.25 })).value).toEqual({ "10.0.0.2": -26 });
  });

  it("is certain only where 0 is not within its bounds", async () => {
    const crowd = (from: number, second: number) =>
      Array.from({ length: 250 }, (_, i) => ping(from + (i % 120), second)).flat();
    const file = [
      ...crowd(0, 5),
      ...ping(250, 5, 10),
      ...crowd(100, 15),
      ...ping(250, 15, 900),
      ...ping(9, 20),
    ];
    const village = new Village();
    const { ask } = village.add(file, () => (start + 20) * 1000);
    await ask({ type: "config sketch" });
    await ask({ type: "config sketch counter", ...asked, capacity: 16 });
    await village.play();
    const windows = { window: span(10, 20), before: span(0, 10) };
    const { value } = await ask({ type: "query change", ...asked, ...windows, detail: true });
    const big = value.keys["10.0.0.250"];
    expect(big.certain).toBe(true);
    expect(big.lower <= 890 && big.upper >= 890).toBe(true);
    const count = (of: string, from: number) =>
      file.filter(({ src, time = 0 }) => src === of && time >= start + from && time < start + from + 10)
        .length;
    for (const [name, { lower, upper }] of Object.entries<{ lower: number; upper: number }>(value.keys)) {
      const truth = count(name, 10) - count(name, 0);
      expect([name, lower <= truth && truth <= upper]).toEqual([name, true]);
    }
    const bounds: { lower: number; upper: number; certain: boolean }[] = Object.values(value.keys);
    expect(bounds.some(({ certain }) => !certain)).toBe(true);
    expect(bounds.every(({ lower, upper, certain }) => certain === (lower > 0 || upper < 0))).toBe(true);
    expect(value.exact).toBe(false);
  });
});

describe("clocks", () => {
  it("that are off by more than 100 ms are named, also far below", async () => {
    const root = await chain(three(), [0, -50, 400]);
    const { value } = await root.ask({ ...key("total"), detail: true });
    expect(value.coverage.clock_off).toMatchObject([{ host: "10.0.0.3:8000", ms: 400 }]);
    const alike = await chain(three(), [0, 50, -50]);
    expect((await alike.ask({ ...key("total"), detail: true })).value.coverage.clock_off).toBeUndefined();
  });

  it("are compared with what the way cost as the bound", () => {
    expect(compareClocks("h", 1000, 1040, { received: 1510, sent: 1520 })).toEqual({
      host: "h",
      ms: 495,
      error_ms: 16,
    });
  });
});
