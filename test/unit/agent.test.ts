// One agent by HTTP: what old scripts send and parse, details, ids, restarts, and what is refused.

import { afterAll, describe, expect, it } from "vitest";
import { TallyError } from "../../controller-client/messages/index.js";
import type { Datagram } from "../native/capture-bytes.js";
import { post, removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const pings = (host: number, count: number): Datagram[] =>
  Array.from({ length: count }, () => ({ src: `10.0.0.${host}`, dst: "10.0.0.5", proto: 1 }));

async function counting(datagrams: readonly Datagram[], counter: object = {}): Promise<Station> {
  const village = new Village();
  const station = village.add(datagrams);
  await station.ask({ type: "config sketch" });
  await station.ask({ type: "config sketch counter", sketch_id: 0, counter_key_type: "src", ...counter });
  await village.play();
  return station;
}
const hitters = { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src" };
const key = (counter_key: string) => ({
  type: "query sketch",
  sketch_id: 0,
  counter_key_type: "src",
  counter_key,
});

describe("an old script", () => {
  it("sends forms and parses bare values", async () => {
    const village = new Village();
    const { app } = village.add([...pings(6, 2), ...pings(7, 2), ...pings(8, 1)]);
    const form = async (text: string) => (await post(app, text, "application/x-www-form-urlencoded")).value;
    expect(await form("type=config+sketch&interface=INPUT&proto=icmp")).toBe(0);
    expect(await form("type=config+sketch+counter&sketch_id=0&counter_key_type=src&increment=pkt")).toMatch(
      /^ok/,
    );
    await village.play();
    const asked = "&sketch_id=0&counter_key_type=src";
    expect(await form(`type=query+heavy+hitters${asked}`)).toEqual({
      "10.0.0.6": 2,
      "10.0.0.7": 2,
      "10.0.0.8": 1,
    });
    expect(await form(`type=query+sketch${asked}&counter_key=10.0.0.6`)).toBe(2);
    expect(await form(`type=query+sketch${asked}&counter_key=key_num`)).toBe(3);
    expect(await form(`type=query+sketch${asked}&counter_key=total`)).toBe(5);
  });

  it("may leave out the content type, or send an odd one", async () => {
    const { app } = new Village().add([]);
    for (const type of [undefined, "", "text/plain", "///", "application/json; charset=utf-8"]) {
      expect(await post(app, '{"type":"query sketches"}', type)).toEqual({ status: 200, value: [] });
    }
  });
});

describe("an answer", () => {
  it("has its bounds, its window, its hosts and its losses when asked for detail", async () => {
    const { ask, agent } = await counting(pings(6, 3), { increment: "bytes" });
    const { value } = await ask({ ...key("10.0.0.6"), detail: true });
    expect(value).toMatchObject({ value: 252, lower: 252, upper: 252, exact: true, unit: "bytes" });
    expect(value.coverage).toEqual({ expected: 1, answered: [agent.name], missing: [], complete: true });
    expect(value.loss).toMatchObject({ complete: true, seen: 3, counted: 3, filtered: 0, unkeyed: 0 });
    expect(value.window).toMatchObject({ kind: "all", from: expect.any(Number), to: expect.any(Number) });
    expect(Math.abs(value.window.to - Date.now() / 1000)).toBeLessThan(5);
  });

  it("is by as many parts of a key as there are", async () => {
    const counter_key_type = "src/128_dst/128_sport_dport_proto_vlan_vni_gre_key_netns_container";
    const datagram = { src: "10.0.0.6", dst: "10.0.0.5", proto: 17, dport: 53 };
    const { ask } = await counting([datagram], { counter_key_type });
    const { value } = await ask({ ...hitters, counter_key_type, detail: true });
    const [counted] = Object.keys(value.keys);
    expect(counted).toMatch(/^10\.0\.0\.6\/32,10\.0\.0\.5\/32,\d+,53,17,none,none,none,own,none$/);
    const query = { type: "query sketch", sketch_id: 0, counter_key_type, counter_key: counted };
    expect((await ask(query)).value).toBe(1);
  });

  it("tells of packets that its sketch did not count, of those that none did", async () => {
    const village = new Village();
    const { ask } = village.add([...pings(6, 2), ...pings(7, 3), ...pings(8, 1)]);
    for (const src of ["10.0.0.6", "10.0.0.7"]) await ask({ type: "config sketch", src });
    await ask({ type: "config sketch counter", sketch_id: 0, counter_key_type: "src" });
    await village.play();
    const { loss } = (await ask({ ...key("10.0.0.6"), detail: true })).value;
    expect(loss).toMatchObject({ unit: "skb", unkeyed_unit: "packets", seen: 6, counted: 2, filtered: 4 });
    const status = (await ask({ type: "query status" })).value;
    expect(status.monitor.loss).toMatchObject({ seen: 6, counted: 5, filtered: 1 });
  });

  it("tells of packets that have no such key", async () => {
    const village = new Village();
    const { ask } = village.add([...pings(6, 2), { src: "10.0.0.6", dst: "10.0.0.5", proto: 17, dport: 53 }]);
    await ask({ type: "config sketch" });
    await ask({ type: "config sketch counter", sketch_id: 0, counter_key_type: "dport" });
    await village.play();
    const query = {
      type: "query sketch",
      sketch_id: 0,
      counter_key_type: "dport",
      counter_key: "53",
      detail: true,
    };
    expect((await ask(query)).value).toMatchObject({ value: 1, loss: { seen: 3, counted: 3, unkeyed: 2 } });
  });

  it("lists as heavy what is above the threshold, not what is at it", async () => {
    const { ask } = await counting([...pings(1, 70), ...pings(2, 29), ...pings(3, 1)]);
    expect((await ask({ ...hitters, threshold: 0.29 })).value).toEqual({ "10.0.0.1": 70 });
    expect((await ask({ ...hitters, threshold: 0.28 })).value).toEqual({ "10.0.0.1": 70, "10.0.0.2": 29 });
    expect((await ask({ ...hitters, k: 2 })).value).toEqual({ "10.0.0.1": 70, "10.0.0.2": 29 });
    const { value } = await ask({ ...hitters, detail: true });
    expect(value.keys["10.0.0.2"]).toEqual({ lower: 29, upper: 29, exact: true, certain: true });
    expect([value.value, value.exact, value.unit]).toEqual([
      { "10.0.0.1": 70, "10.0.0.2": 29 },
      true,
      "packets",
    ]);
  });

  it("separates certain from possible keys when the ledger has spilled", async () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({
      src: `10.1.${i >> 8}.${i & 255}`,
      dst: "10.0.0.5",
      proto: 1,
    }));
    const { ask } = await counting([...many, ...pings(6, 3000)], { capacity: 16 });
    const { value } = await ask({ ...hitters, threshold: 0.01, detail: true });
    expect(value.exact).toBe(false);
    expect(value.keys["10.0.0.6"]).toMatchObject({ certain: true });
    expect(value.keys["10.0.0.6"].lower).toBeLessThanOrEqual(3000);
    expect(value.keys["10.0.0.6"].upper).toBeGreaterThanOrEqual(3000);
    const certain = Object.keys(value.keys).filter((name) => value.keys[name].certain);
    expect(Object.keys(value.value).sort()).toEqual(certain.sort());
  });

  it("never is a wrong 0: without the monitor it is an error", async () => {
    const { ask, monitor } = await counting(pings(6, 3));
    monitor.failure = new TallyError("monitor_down", "no monitor answers");
    for (const query of [hitters, key("10.0.0.6"), key("key_num"), key("total")]) {
      expect(await ask(query)).toMatchObject({ status: 503, value: { error: { code: "monitor_down" } } });
    }
    expect((await ask({ type: "query status", detail: true })).value.monitor).toMatchObject({
      state: "down",
    });
  });
});

describe("one exact rule", () => {
  it("is counted once configured, found by its fields, and hidden among the sketches", async () => {
    const village = new Village();
    const { ask } = village.add(pings(6, 5));
    const rule = { src: "10.0.0.6", proto: "icmp" };
    expect(await ask({ type: "query counter", ...rule })).toMatchObject({
      status: 404,
      value: { error: { message: expect.stringMatching(/config counter/) } },
    });
    for (let twice = 0; twice < 2; twice++)
      expect((await ask({ type: "config counter", ...rule })).value).toMatch(/^ok/);
    await village.play();
    expect((await ask({ type: "query counter", src: "10.0.0.6/32", proto: 1 })).value).toEqual([5, 420]);
    expect((await ask({ type: "query counter", ...rule, detail: true })).value).toMatchObject({
      value: [5, 420],
      lower: [5, 420],
      upper: [5, 420],
      exact: true,
      coverage: { complete: true },
    });
    expect((await ask({ type: "query sketches" })).value).toEqual([]);
    expect((await ask({ type: "query sketches", detail: true })).value).toMatchObject([
      { rule: true, src: "10.0.0.6" },
    ]);
  });
});

describe("ids", () => {
  it("count up from 0 and are never used twice", async () => {
    const { ask } = new Village().add([]);
    expect((await ask({ type: "config sketch" })).value).toBe(0);
    expect((await ask({ type: "config sketch", device: "nodev0" })).status).toBe(400);
    expect((await ask({ type: "config sketch", label: "second" })).value).toBe(1);
    expect((await ask({ type: "delete sketch", sketch_id: 1 })).value).toBe("ok: sketch 1 deleted");
    expect((await ask({ type: "config sketch" })).value).toBe(2);
    const { status, value } = await ask({ type: "delete sketch", sketch_id: 1 });
    expect([status, value.error.field]).toEqual([404, "sketch_id"]);
    expect(value.error.message).toMatch(/it has: 0, 2/);
  });

  it("are not given to what came too late: the monitor drops it again", async () => {
    const { ask, monitor, agent } = new Village().add([]);
    await agent.upkeep.sync(100);
    const honest = monitor.addSketch.bind(monitor);
    monitor.addSketch = async (sketch) => {
      await honest(sketch);
      throw new TallyError("timeout", "no answer");
    };
    expect((await ask({ type: "config sketch" })).status).toBe(504);
    expect(await monitor.sketches()).toHaveLength(1);
    await agent.upkeep.sync(100);
    expect(await monitor.sketches()).toEqual([]);
    monitor.addSketch = honest;
    expect((await ask({ type: "config sketch" })).value).toBe(0);
  });

  it("survive a restart of the agent, with labels and thresholds", async () => {
    const village = new Village();
    const before = village.add(pings(6, 3));
    await before.ask({ type: "config sketch" });
    await before.ask({ type: "config sketch", label: "kept" });
    const counter = { sketch_id: 1, counter_key_type: "src" };
    await before.ask({ type: "config sketch counter", ...counter, hitter_threshold: 0.5 });
    await before.ask({ type: "delete sketch", sketch_id: 0 });
    await village.play();
    const { ask } = village.restart(0);
    expect((await ask({ type: "query sketch", ...counter, counter_key: "10.0.0.6" })).value).toBe(3);
    expect((await ask({ type: "query sketches" })).value).toMatchObject([
      { sketch_id: 1, label: "kept", counters: [{ hitter_threshold: 0.5 }] },
    ]);
    expect((await ask({ type: "config sketch" })).value).toBe(2);
  });
});

describe("a monitor that was restarted", () => {
  it("is given everything again, and counts from then on", async () => {
    const { ask, monitor, agent } = await counting(pings(6, 3));
    await agent.upkeep.sync(100);
    monitor.restart(pings(6, 4));
    expect(await ask(key("10.0.0.6"))).toMatchObject({
      status: 503,
      value: { error: { code: "unavailable" } },
    });
    await agent.upkeep.sync(100);
    await monitor.play();
    const { value } = await ask({ ...key("10.0.0.6"), detail: true });
    expect(value.value).toBe(4);
    expect(value.window.to - value.window.from).toBeLessThan(3);
  });

  it("tells the gap of sketches that its checkpoint did not have", async () => {
    const { ask, monitor, agent } = await counting(pings(6, 3));
    await agent.upkeep.sync(100);
    monitor.restart(pings(6, 4), true);
    await agent.upkeep.sync(100);
    await monitor.play();
    const { value } = await ask({ ...key("10.0.0.6"), detail: true });
    expect([value.value, value.loss.complete]).toEqual([4, false]);
    expect(value.loss.gaps).toMatchObject([{ reason: "restarted" }]);
  });

  it("loses what was deleted while it was away", async () => {
    const { ask, monitor, agent } = await counting([]);
    monitor.failure = new TallyError("monitor_down", "no monitor answers");
    expect((await ask({ type: "delete sketch", sketch_id: 0 })).status).toBe(200);
    monitor.failure = undefined;
    await agent.upkeep.sync(100);
    expect(await monitor.sketches()).toEqual([]);
    expect((await ask({ type: "query sketches" })).value).toEqual([]);
  });
});

describe("HTTP", () => {
  it("tells of health and state", async () => {
    const { app, monitor } = new Village().add([]);
    expect((await app.inject("/healthz")).json()).toEqual({ ok: true, monitor: true });
    monitor.failure = new TallyError("monitor_down", "no");
    expect((await app.inject("/healthz")).json()).toEqual({ ok: true, monitor: false });
    expect((await app.inject("/status")).json()).toMatchObject({
      name: "10.0.0.1:8000",
      sketches: 0,
      leaf_agents: [],
    });
  });

  it.each([
    ["GET", "/", 405, "unsupported"],
    ["DELETE", "/status", 405, "unsupported"],
    ["POST", "/nowhere", 404, "not_found"],
    ["GET", "/%ff", 400, "bad_request"],
  ] as const)("%s %s is refused in the form of every error", async (method, url, status, code) => {
    const { app } = new Village().add([]);
    const reply = await app.inject({ method, url });
    expect([reply.statusCode, reply.json().error.code]).toEqual([status, code]);
  });

  it("refuses bodies that are too large, and says nothing of what goes wrong inside", async () => {
    const { app, monitor, ask } = new Village().add([]);
    const large = await post(app, "x".repeat(400_000), "text/plain");
    expect([large.status, large.value.error.code]).toEqual([413, "too_large"]);
    monitor.addSketch = async () => {
      throw new Error("secret detail");
    };
    const { status, value } = await ask({ type: "config sketch" });
    expect([status, value.error.code]).toEqual([500, "internal"]);
    expect(JSON.stringify(value)).not.toMatch(/secret detail/);
  });
});
