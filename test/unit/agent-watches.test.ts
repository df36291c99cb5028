// Watches over agents: what is judged, second by second, and what `query alerts` tells of it.

import { afterAll, describe, expect, it } from "vitest";
import { judge } from "../../agent/judge.js";
import { TallyError } from "../../controller-client/messages/index.js";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const start = 6000;
/** Packets of a source in one second. */
const from = (host: number, second: number, count: number): Datagram[] =>
  Array.from({ length: count }, () => ({
    src: `10.0.9.${host}`,
    dst: "10.0.0.99",
    proto: 1,
    time: start + second,
  }));
const end = from(99, 30, 1);
const counter = { sketch_id: 0, counter_key_type: "src" };

class Watched {
  readonly village = new Village();
  #second = 0;

  /** Host 0 with the others below it, all of whose packets have come. */
  async grow(files: readonly Datagram[][]): Promise<this> {
    for (const file of files) this.village.add([...file, ...end], () => (start + this.#second) * 1000 + 200);
    for (let child = 1; child < files.length; child++) await this.village.link(0, child);
    await this.root.ask({ type: "config sketch" });
    await this.root.ask({ type: "config sketch counter", ...counter });
    await this.village.play();
    return this;
  }

  get root(): Station {
    return this.village.at(0);
  }

  async watch(fields: object): Promise<void> {
    const { status, value } = await this.root.ask({ type: "watch", ...counter, ...fields });
    expect([status, value]).toEqual([200, 0]);
  }

  /** All hosts judge at the end of each of these seconds. */
  async judge(first: number, last = first): Promise<void> {
    for (this.#second = first; this.#second <= last; this.#second++)
      for (const { agent } of this.village.stations) await judge(agent);
    this.#second = last;
  }

  async alerts(fields: object = {}) {
    return (await this.root.ask({ type: "query alerts", ...fields })).value;
  }
}

describe("a watch of scope host", () => {
  it("raises one alert at the host whose own count exceeds, from the first window to the last", async () => {
    const two = [[...from(1, 3, 4), ...from(1, 5, 4)], from(1, 4, 3)];
    const w = await new Watched().grow([[], ...two]);
    await w.watch({ above: 4, window: 3, scope: "host", label: "busy" });
    await w.judge(4, 5);
    expect(await w.alerts()).toEqual([]);
    // Seconds 3 to 5: eight packets at host 1.
    await w.judge(6);
    const host = w.village.at(1).agent.name;
    const alert = { watch_id: 0, label: "busy", host, key: "10.0.9.1", value: 8, lower: 8, upper: 8 };
    const lasting = { ...alert, certain: true, complete: true, since: start + 6 };
    expect(await w.alerts()).toMatchObject([{ ...alert, since: start + 6 }]);
    expect((await w.alerts())[0]).not.toHaveProperty("until");
    await w.judge(7, 9);
    const [ended, ...others] = await w.alerts();
    expect(ended).toEqual({ ...lasting, until: start + 7, watch: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(others).toEqual([]);
  });

  it("begins anew after its end, and answers since, k and scope", async () => {
    const w = await new Watched().grow([from(1, 2, 9), [...from(1, 2, 9), ...from(2, 6, 9)]]);
    await w.watch({ above: 5, window: 1, scope: "host" });
    await w.judge(2, 9);
    const keys = async (fields: object) => (await w.alerts(fields)).map((one: { key: string }) => one.key);
    expect(await keys({})).toEqual(["10.0.9.2", "10.0.9.1", "10.0.9.1"]);
    expect(await keys({ since: start + 5 })).toEqual(["10.0.9.2"]);
    expect(await keys({ k: 2 })).toHaveLength(2);
    expect(await keys({ scope: "host" })).toEqual(["10.0.9.1"]);
    expect(await w.alerts({ detail: true })).toMatchObject({
      value: [{}, {}, {}],
      possible: [],
      problems: [],
      coverage: { expected: 2, complete: true },
      loss: { complete: true },
    });
  });

  it("ends nothing while the monitor is down, and says so", async () => {
    const w = await new Watched().grow([[...from(1, 3, 6), ...from(1, 9, 6)]]);
    await w.watch({ above: 5, window: 1, scope: "host" });
    await w.judge(4);
    w.root.monitor.failure = new TallyError("monitor_down", "the monitor does not answer");
    await w.judge(5, 8);
    expect(await w.alerts({ detail: true })).toMatchObject({
      value: [{ certain: false, complete: false, since: start + 4 }],
      problems: [{ watch_id: 0, host: w.root.agent.name, problem: "the monitor does not answer" }],
      loss: { complete: false },
    });
    w.root.monitor.failure = undefined;
    await w.judge(10);
    expect(await w.alerts()).toMatchObject([{ certain: true, complete: true, since: start + 4 }]);
    await w.judge(11);
    expect(await w.alerts({ detail: true })).toMatchObject({ value: [{ until: start + 11 }], problems: [] });
  });
});

describe("a watch of scope subtree", () => {
  it("judges the sum at the agent asked, and at no other", async () => {
    const w = await new Watched().grow([from(1, 3, 2), from(1, 3, 2), from(2, 3, 2)]);
    await w.watch({ above: 5, counter_key: "total", window: 2 });
    await w.judge(4, 9);
    const { name } = w.root.agent;
    expect(await w.alerts()).toMatchObject([
      { agent: name, key: "total", value: 6, since: start + 4, until: start + 6, complete: true },
    ]);
    expect((await w.village.at(1).ask({ type: "query alerts" })).value).toEqual([]);
  });

  it("is not judged by a root of before that does not know yet whether another one is", async () => {
    const w = await new Watched().grow([from(1, 3, 9)]);
    await w.watch({ above: 5, counter_key: "total", window: 1 });
    const { membership } = w.root.agent;
    Object.defineProperty(membership, "isReturning", { value: true, configurable: true });
    await w.judge(4);
    expect(await w.alerts()).toEqual([]);
    Reflect.deleteProperty(membership, "isReturning");
    await w.judge(4);
    expect(await w.alerts()).toMatchObject([{ key: "total", value: 9 }]);
  });

  it("does not end because a host that was in it is missing, whatever the others count", async () => {
    const w = await new Watched().grow([from(1, 3, 2), from(1, 3, 4), from(1, 6, 9)]);
    await w.watch({ above: 5, counter_key: "10.0.9.1", window: 1 });
    const silent = w.village.at(1).agent.name;
    await w.judge(4);
    w.village.silent.add(silent);
    await w.judge(5);
    expect(await w.alerts()).toMatchObject([{ value: 6, certain: false, complete: false, since: start + 4 }]);
    // The others are enough: from here on that host was not in it.
    await w.judge(7);
    expect(await w.alerts()).toMatchObject([{ value: 9, certain: true, complete: false }]);
    await w.judge(8);
    expect(await w.alerts()).toMatchObject([{ until: start + 8, complete: false }]);
    expect((await w.alerts({ detail: true })).coverage.missing).toMatchObject([{ host: silent }]);
  });

  it("is below a limit only when every host says so", async () => {
    const w = await new Watched().grow([from(1, 3, 1), from(1, 3, 1)]);
    await w.watch({ below: 2, counter_key: "total", window: 1 });
    w.village.silent.add(w.village.at(1).agent.name);
    await w.judge(5);
    expect(await w.alerts({ detail: true })).toMatchObject({
      value: [],
      possible: [{ watch_id: 0, key: "total", value: 0 }],
      problems: [{ problem: expect.stringContaining("1 hosts are missing") }],
    });
    w.village.silent.clear();
    await w.judge(6);
    expect(await w.alerts()).toMatchObject([{ value: 0, since: start + 6 }]);
  });

  it("counts distinct keys, and coarser ones", async () => {
    const sources = Array.from({ length: 7 }, (_, host) => from(host, 3, 1)).flat();
    const w = await new Watched().grow([sources, from(50, 3, 1)]);
    await w.watch({ above: 7, counter_key: "key_num", window: 1 });
    await w.root.ask({ type: "watch", ...counter, above: 7, group_by: "src/24", window: 1 });
    await w.judge(4);
    const told = (await w.alerts()).map(({ watch_id, key, value }: Record<string, unknown>) => [
      watch_id,
      key,
      value,
    ]);
    expect(told.sort()).toEqual([
      [0, "key_num", 8],
      [1, "10.0.9.0/24", 8],
    ]);
  });
});

it("whose counter is gone is a problem, and keeps no other from being judged", async () => {
  const w = await new Watched().grow([from(1, 3, 6)]);
  await w.watch({ above: 5, window: 1, scope: "host" });
  await w.root.ask({ type: "config sketch" });
  await w.root.ask({ type: "config sketch counter", sketch_id: 1, counter_key_type: "dst" });
  await w.root.ask({ type: "watch", sketch_id: 1, counter_key_type: "dst", above: 5 });
  w.root.agent.book.list()[1]?.counters.clear();
  await w.judge(4);
  expect(await w.alerts({ detail: true })).toMatchObject({
    value: [{ watch_id: 0, value: 6 }],
    problems: [{ watch_id: 1, problem: expect.stringContaining('no counter "dst"') }],
  });
});

it("is refused with what to do", async () => {
  const w = await new Watched().grow([[]]);
  const failure = async (message: object) => (await w.root.ask(message)).value.error;
  const watch = { type: "watch", ...counter, above: 1 };
  expect(await failure({ ...watch, counter_key: "nobody" })).toMatchObject({ field: "counter_key" });
  expect(await failure({ ...watch, counter_key_type: "dst" })).toMatchObject({ field: "counter_key_type" });
  expect(await failure({ ...watch, sketch_id: 7 })).toMatchObject({ field: "sketch_id" });
  expect(await failure({ type: "unwatch", watch_id: 3 })).toMatchObject({
    ...{ code: "not_found", field: "watch_id" },
    message: "this agent has no watch 3 (it has: none; send 'watch' first)",
  });
  expect(await failure({ type: "query alerts", watch_id: 3 })).toMatchObject({ field: "watch_id" });
  for (let id = 0; id < 32; id++) expect((await w.root.ask(watch)).value).toBe(id);
  expect(await failure(watch)).toMatchObject({ code: "too_large" });
  expect((await w.root.ask({ type: "unwatch", watch_id: 3 })).value).toBe("ok: watch 3 ended");
  expect((await w.root.ask(watch)).value).toBe(32);
});
