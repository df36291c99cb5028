// Elephants, tortoises, cheetahs and porcupines: by definition, and over a tree on which flows pass several hosts.

import { afterAll, describe, expect, it } from "vitest";
import { type SecondCounts, taxonomyOf } from "../../agent/taxonomy.js";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

describe("taxonomyOf", () => {
  const mice = Array.from({ length: 30 }, (_, i) => `mouse ${i}`);
  const second = (time: number, counts: Readonly<Record<string, number>>): SecondCounts => ({
    ...{ second: time, keys: Object.keys(counts), counts: Object.values(counts) },
  });
  const mouseSecond = second(3, Object.fromEntries(mice.map((name) => [name, 2])));

  it("measures each flow by its seconds", () => {
    const { flows, classes } = taxonomyOf([
      second(1, { slow: 1, big: 400, jumpy: 1 }),
      second(2, { big: 400 }),
      mouseSecond,
      second(4, { fast: 600 }),
      second(20, { slow: 1, jumpy: 79 }),
    ]);
    expect(flows).toBe(34);
    const members = (trait: keyof typeof classes) => Object.fromEntries(classes[trait].members);
    expect(members("elephant")).toEqual({ big: 800, fast: 600 });
    expect(members("tortoise")).toEqual({ slow: 20, jumpy: 20 });
    expect(members("cheetah")).toEqual({ fast: 600, big: 400 });
    expect(members("porcupine")).toEqual({ jumpy: 79 / (80 / 20) });
    expect(classes.elephant.members[0]?.[0]).toBe("big");
    const mean = (800 + 600 + 2 + 80 + 30 * 2) / 34;
    const squares = [800, 600, 2, 80, ...mice.map(() => 2)].map((size) => (size - mean) ** 2);
    const deviation = Math.sqrt(squares.reduce((a, b) => a + b) / 34);
    expect(classes.elephant).toMatchObject({
      mean: expect.closeTo(mean),
      deviation: expect.closeTo(deviation),
      threshold: expect.closeTo(mean + 3 * deviation),
    });
  });

  it("finds nobody among equals, and nobody at all", () => {
    for (const seconds of [[mouseSecond], []]) {
      for (const { members } of Object.values(taxonomyOf(seconds).classes)) expect(members).toEqual([]);
    }
  });
});

const start = 6000;
const packets = (src: string, second: number, count = 1): Datagram[] =>
  Array.from({ length: count }, () => ({ src, dst: "10.0.0.99", proto: 1, time: start + second }));
const mice = (host: number) =>
  Array.from({ length: 20 }, (_, i) => packets(`10.1.${host}.${i}`, 5 + i)).flat();
const inOrder = (file: readonly Datagram[]) => [...file].sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
const counter = { sketch_id: 0, counter_key_type: "src" };
const query = { type: "query taxonomy", ...counter };

/** Two hosts see both flows, in seconds of their own. */
async function two(): Promise<Station> {
  const village = new Village();
  const last = packets("10.9.9.9", 30);
  const files = [
    [...packets("10.0.0.1", 2, 1), ...mice(1), ...packets("10.0.0.2", 10, 60), ...last],
    [
      ...mice(2),
      ...packets("10.0.0.2", 10, 40),
      ...packets("10.0.0.2", 11, 100),
      ...packets("10.0.0.1", 29),
      ...last,
    ],
  ];
  for (const file of files) village.add(inOrder(file), () => (start + 31) * 1000);
  await village.link(0, 1);
  const root = village.at(0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await root.ask({ type: "config sketch" });
  await root.ask({ type: "config sketch counter", ...counter });
  await village.play();
  return root;
}

describe("query taxonomy", () => {
  it("adds the hosts second by second before it judges", async () => {
    const { ask } = await two();
    const window = { from: start, to: start + 30 };
    expect((await ask({ ...query, window })).value).toEqual({
      ...{ elephant: ["10.0.0.2"], tortoise: ["10.0.0.1"], cheetah: ["10.0.0.2"], porcupine: ["10.0.0.1"] },
    });
    const { value } = await ask({ ...query, window, detail: true });
    expect(value).toMatchObject({
      ...{ flows: 42, exact: true, basis: "counts of 30 single seconds", unit: "packets" },
      window: { kind: "span", to: start + 30 },
      coverage: { expected: 2, complete: true },
    });
    expect(value.classes.elephant).toMatchObject({ keys: { "10.0.0.2": 200 }, size: 1, unit: "packets" });
    expect(value.classes.cheetah).toMatchObject({ keys: { "10.0.0.2": 100 }, unit: "packets/s" });
    expect(value.classes.tortoise).toMatchObject({ keys: { "10.0.0.1": 28 }, unit: "s" });
    expect(value.classes.porcupine.keys["10.0.0.1"]).toBeCloseTo(14);
    const host = (await ask({ ...query, window, scope: "host", detail: true })).value;
    expect(host.flows).toBe(22);
  });

  it("reads the counter by a coarser key, and the last seconds unless told otherwise", async () => {
    const { ask } = await two();
    const { value } = await ask({ ...query, group_by: "src/16", detail: true });
    expect(value.flows).toBe(2);
    expect(value.window).toMatchObject({ to: start + 30 });
    const late = (await ask({ ...query, window: { last: 10 }, detail: true })).value;
    expect(late.flows).toBe(11);
  });

  it.each([
    [{ window: { last: 51 } }, "window"],
    [{ window: { from: 100, to: 110 } }, "window"],
    [{ window: "all" }, "window"],
    [{ k: 0 }, "k"],
    [{ group_by: "dst" }, "group_by"],
  ])("refuses %j", async (fields, field) => {
    const { ask } = await two();
    expect((await ask({ ...query, ...fields })).value.error).toMatchObject({ code: "bad_request", field });
  });
});
