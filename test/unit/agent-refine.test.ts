// Questions in two rounds: what a merged ledger leaves open, the hosts decide by name.

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const start = 8000;
/** Ledgers of windows keep 1024 keys, and what gave way is bounded by the floor alone. */
const window = { from: start, to: start + 5 };
const asked = { sketch_id: 0, counter_key_type: "src", window };
const hosts = 6;

/** Each host has 421 keys, so what it tells is exact; together they have 2426, and their sum is not. */
function packetsOf(host: number): Datagram[] {
  const some = (src: string, count: number) =>
    new Array<Datagram>(count).fill({ src, dst: "10.0.0.5", proto: 1, time: start + 1 });
  const small = Array.from({ length: 400 }, (_, i) => some(`10.1${host}.${i >> 8}.${i & 255}`, 1 + (i % 3)));
  const shared = Array.from({ length: 20 }, (_, i) => some(`10.2.0.${i}`, 7 + i));
  return [...small, ...shared, some(`10.3.0.${host}`, 40 + host)].flat();
}

/** Closes the seconds before. */
const later: Datagram = { src: "10.9.9.9", dst: "10.0.0.5", proto: 1, time: start + 9 };

const truth = new Map<string, number>();
for (let host = 0; host < hosts; host++) {
  for (const { src } of packetsOf(host)) truth.set(src, (truth.get(src) ?? 0) + 1);
}
const total = [...truth.values()].reduce((sum, count) => sum + count, 0);
/** Just below what the largest keys of single hosts have. */
const threshold = 39.5 / total;
const inOrder = [...truth].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));

let village: Village;
let root: Station;

beforeEach(async () => {
  village = new Village();
  const now = () => (start + 20) * 1000;
  for (let host = 0; host < hosts; host++) village.add([...packetsOf(host), later], now);
  root = village.at(0);
  for (const [parent, child] of [
    [0, 1],
    [0, 2],
    [1, 3],
    [1, 4],
    [2, 5],
  ] as const)
    await village.link(parent, child);
  await root.ask({ type: "config sketch" });
  await root.ask({ type: "config sketch counter", sketch_id: 0, counter_key_type: "src" });
  await village.play();
});

describe("refine", () => {
  it("decides every heavy hitter of the network", async () => {
    const query = {
      type: "query heavy hitters",
      ...asked,
      share_of: "network",
      threshold,
      detail: true,
    };
    const { value: first } = await root.ask(query);
    expect([first.exact, first.refined]).toEqual([false, undefined]);
    const { value: second } = await root.ask({ ...query, refine: true });
    expect([second.exact, second.refined]).toEqual([true, true]);
    expect(second.value).toEqual(
      Object.fromEntries(inOrder.filter(([, count]) => count > threshold * total)),
    );
    expect(second.coverage).toMatchObject({ expected: hosts, complete: true });
  });

  it("counts exactly what is heavy on some host", async () => {
    const query = { type: "query heavy hitters", ...asked, threshold: 0.03, refine: true, detail: true };
    const { value } = await root.ask(query);
    expect(value).toMatchObject({ exact: true, refined: true });
    for (const [key, count] of Object.entries(value.value)) expect(count).toBe(truth.get(key));
    expect(Object.keys(value.value).length).toBeGreaterThan(5);
  });

  it("makes the ranks of the largest certain", async () => {
    const query = { type: "query top", ...asked, k: 26, detail: true };
    expect((await root.ask(query)).value.exact).toBe(false);
    const { value } = await root.ask({ ...query, refine: true });
    expect(value.order).toEqual(inOrder.slice(0, 26).map(([key]) => key));
    expect(value.value).toEqual(Object.fromEntries(inOrder.slice(0, 26)));
    const k = await root.ask({ ...query, type: "query heavy hitters", refine: true });
    expect(k.value.value).toEqual(Object.fromEntries(inOrder.slice(0, 26)));
  });

  it("asks once where nothing is open", async () => {
    const query = { type: "query top", ...asked, k: 3, refine: true, detail: true };
    const { value } = await village.at(3).ask(query);
    expect(value).toMatchObject({ exact: true, coverage: { expected: 1 } });
    expect(value.refined).toBeUndefined();
  });

  it("keeps the first round when other hosts answered the second", async () => {
    const { agent } = village.at(5);
    const gather = root.agent.tree.gather.bind(root.agent.tree);
    let rounds = 0;
    root.agent.tree.gather = async (question, scope) => {
      rounds += 1;
      if (rounds === 2) village.silent.add(agent.name);
      return gather(question, scope);
    };
    const { value } = await root.ask({ type: "query top", ...asked, k: 26, refine: true, detail: true });
    expect(rounds).toBe(2);
    expect(value).toMatchObject({ coverage: { expected: hosts, complete: true }, exact: false });
    expect(value.refined).toBeUndefined();
  });

  it("does not go with a window that moves on", async () => {
    const query = { type: "query top", ...asked, window: "realtime", refine: true };
    expect(await root.ask(query)).toMatchObject({ status: 400, value: { error: { field: "refine" } } });
  });
});

describe("query key intervals", () => {
  const query = { type: "query key intervals", ...asked };

  it("tells the counts of keys by name, over all hosts", async () => {
    const keys = ["10.2.0.4", "10.3.0.1", "10.9.9.8"];
    const { value } = await root.ask({ ...query, keys });
    expect(value).toEqual({ "10.2.0.4": truth.get("10.2.0.4"), "10.3.0.1": truth.get("10.3.0.1") });
  });

  it("refuses what is no key", async () => {
    expect(await root.ask({ ...query, keys: ["10.2.0.4", "x"] })).toMatchObject({
      status: 400,
      value: { error: { field: "keys" } },
    });
  });
});
