// Agents below agents: counts of all hosts, configuration that reaches them, and answers when some are silent.

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { TallyError } from "../../controller-client/messages/index.js";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const pings = (from: string, count: number): Datagram[] =>
  Array.from({ length: count }, () => ({ src: from, dst: "10.0.0.5", proto: 1 }));
const asked = { sketch_id: 0, counter_key_type: "src" };
const hitters = { type: "query heavy hitters", ...asked };
const key = (counter_key: string) => ({ type: "query sketch", ...asked, counter_key });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const settle = () => pause(30);
/** A child that is behind is not sent everything more than once a second. */
const catchUpMs = 1300;

let village: Village;
let root: Station;

/** A chain of three; "a" is heavy on the first host only, "b" on all, "c" on the last only and small in the whole. */
beforeEach(async () => {
  village = new Village();
  village.add([...pings("10.9.0.1", 20), ...pings("10.9.0.2", 80)]);
  village.add([...pings("10.9.0.1", 1), ...pings("10.9.0.2", 99)]);
  village.add([...pings("10.9.0.1", 0), ...pings("10.9.0.2", 3), ...pings("10.9.0.3", 2)]);
  root = village.at(0);
  await village.link(0, 1);
  await village.link(1, 2);
  await settle();
  await root.ask({ type: "config sketch" });
  await root.ask({ type: "config sketch counter", ...asked });
});

describe("a question to the root", () => {
  beforeEach(() => village.play());

  it("is about all hosts, and with scope host about one", async () => {
    expect((await root.ask(key("10.9.0.2"))).value).toBe(182);
    expect((await root.ask({ ...key("10.9.0.2"), scope: "host" })).value).toBe(80);
    expect((await root.ask(key("total"))).value).toBe(205);
    const { value } = await root.ask({ ...key("10.9.0.2"), detail: true });
    expect(value.coverage).toMatchObject({ expected: 3, complete: true });
    expect(value.loss).toMatchObject({ seen: 205, counted: 205, complete: true });
  });

  it("counts distinct keys of the union", async () => {
    expect((await root.ask(key("key_num"))).value).toBe(3);
    expect((await root.ask({ ...key("key_num"), detail: true })).value).toMatchObject({
      lower: 3,
      upper: 3,
      exact: true,
      unit: "keys",
      coverage: { expected: 3 },
    });
  });

  it("lists what is heavy on some host, counted over all hosts", async () => {
    expect((await root.ask(hitters)).value).toEqual({ "10.9.0.2": 182, "10.9.0.1": 21, "10.9.0.3": 2 });
    expect((await root.ask({ ...hitters, share_of: "network" })).value).toEqual({
      "10.9.0.2": 182,
      "10.9.0.1": 21,
    });
    expect((await root.ask({ ...hitters, threshold: 0.3 })).value).toEqual({
      "10.9.0.2": 182,
      "10.9.0.3": 2,
    });
    expect((await root.ask({ ...hitters, k: 1 })).value).toEqual({ "10.9.0.2": 182 });
  });

  it("is answered for the hosts that are left", async () => {
    await root.ask(key("10.9.0.2"));
    village.silent.add(village.at(1).agent.name);
    const { status, value } = await root.ask({ ...hitters, detail: true });
    expect([status, value.value]).toEqual([200, { "10.9.0.2": 80, "10.9.0.1": 20 }]);
    expect(value.coverage.missing).toMatchObject([
      { host: "10.0.0.2:8000", reason: "refused" },
      { host: "10.0.0.3:8000", reason: "refused" },
    ]);
  });

  it("passes an agent whose monitor is down", async () => {
    village.at(1).monitor.failure = new TallyError("monitor_down", "no monitor");
    const { value } = await root.ask({ ...key("10.9.0.2"), detail: true });
    expect(value.value).toBe(83);
    expect(value.coverage.missing).toMatchObject([{ host: "10.0.0.2:8000", reason: "monitor_down" }]);
  });

  it("sums one exact rule", async () => {
    const rule = { src: "10.9.0.2" };
    await root.ask({ type: "config counter", ...rule });
    expect((await root.ask({ type: "query counter", ...rule })).value).toEqual([0, 0]);
    expect((await village.at(2).ask({ type: "query counter", ...rule })).status).toBe(200);
  });

  it("leaves out a child whose ledger is of another kind", async () => {
    const { monitor } = village.at(1);
    const honest = monitor.ledger.bind(monitor);
    for (const forge of [
      () => new Uint8Array([1, 2, 3]),
      () => new Uint8Array(),
      (ledger: Uint8Array) => ledger.subarray(0, 40),
    ]) {
      monitor.ledger = async (query) => {
        const counted = await honest(query);
        return { ...counted, value: forge(counted.value) };
      };
      const { value } = await root.ask({ type: "query real time counter", ...asked, detail: true });
      expect(value.coverage.missing.length).toBeGreaterThan(0);
      expect(value.coverage.answered).toContain("10.0.0.1:8000");
    }
  });
});

describe("configuration", () => {
  it("gives each agent an id of its own", async () => {
    await village.at(2).ask({ type: "config sketch", label: "local" });
    expect((await root.ask({ type: "config sketch", label: "global" })).value).toBe(1);
    const labels = (await village.at(2).ask({ type: "query sketches" })).value;
    expect(labels).toMatchObject([
      { sketch_id: 0 },
      { sketch_id: 1, label: "local" },
      { sketch_id: 2, label: "global" },
    ]);
  });

  it("changes nothing when the same arrives twice", async () => {
    for (const message of village.at(0).agent.book.wanted()) {
      expect(
        (
          await village
            .at(1)
            .app.inject({ method: "POST", url: "/", payload: { ...message, form: "partial" } })
        ).statusCode,
      ).toBe(200);
    }
    expect((await village.at(1).ask({ type: "query sketches" })).value).toHaveLength(1);
    await village.play();
    expect((await root.ask(key("10.9.0.2"))).value).toBe(182);
  });

  it("reaches a new child and those below it", async () => {
    village.add(pings("10.9.0.2", 7));
    await village.link(2, 3);
    await settle();
    await village.play();
    expect((await root.ask(key("10.9.0.2"))).value).toBe(189);
  });

  it("succeeds while a child is away, which catches up", async () => {
    const { name, tree } = village.at(1).agent;
    village.silent.add(name);
    expect((await root.ask({ type: "config sketch", label: "later" })).value).toBe(1);
    expect((await root.ask({ type: "delete sketch", sketch_id: 0 })).status).toBe(200);
    village.silent.delete(name);
    await root.ask({ type: "query sketch", sketch_id: 1, counter_key_type: "src", counter_key: "total" });
    await pause(catchUpMs);
    for (const index of [1, 2]) {
      expect((await village.at(index).ask({ type: "query sketches" })).value).toMatchObject([
        { label: "later" },
      ]);
    }
    expect(tree.children()).toHaveLength(1);
  });

  it("is sent again to a child that has lost it, and says so until then", async () => {
    await village.play();
    const lost = village.at(2);
    lost.monitor.restart(pings("10.9.0.2", 11));
    const fresh = village.restart(2);
    const { value } = await root.ask({ ...key("10.9.0.2"), detail: true });
    expect(value.value).toBe(179);
    expect(value.coverage.missing).toMatchObject([{ host: "10.0.0.3:8000", reason: "no_sketch" }]);
    await pause(catchUpMs);
    await fresh.monitor.play();
    expect((await root.ask(key("10.9.0.2"))).value).toBe(190);
  });

  it("that one host refuses is counted by the others", async () => {
    const { monitor } = village.at(1);
    const honest = monitor.addSketch.bind(monitor);
    monitor.addSketch = async (sketch: Parameters<typeof honest>[0]) => {
      if (sketch.filter.device === "veth7") throw new TallyError("bad_request", "no such device veth7");
      return honest(sketch);
    };
    const id = (await root.ask({ type: "config sketch", device: "veth7" })).value;
    await root.ask({ type: "config sketch counter", ...asked, sketch_id: id });
    const { value } = await root.ask({ ...key("total"), sketch_id: id, detail: true });
    expect(value.coverage.answered).toEqual(["10.0.0.1:8000", "10.0.0.3:8000"]);
    expect(value.coverage.missing).toMatchObject([
      { reason: "no_sketch", message: expect.stringMatching(/veth7/) },
    ]);
  });

  it("is deleted in the whole tree", async () => {
    await root.ask({ type: "delete sketch", sketch_id: 0 });
    for (const { ask, monitor } of village.stations) {
      expect((await ask({ type: "query sketches" })).value).toEqual([]);
      expect(await monitor.sketches()).toEqual([]);
    }
  });
});

describe("leaf agents", () => {
  it("are listed, refused when they make a loop, and taken once", async () => {
    expect((await root.ask({ type: "query leaf agents" })).value).toEqual(["10.0.0.2:8000"]);
    expect((await village.link(2, 0)).value.error).toMatchObject({ code: "loop", field: "agent_addr" });
    expect((await village.link(0, 0)).value.error).toMatchObject({ code: "loop" });
    expect((await village.link(0, 1)).value).toMatch(/^ok: .* already$/);
    expect((await root.ask({ type: "query leaf agents", detail: true })).value).toMatchObject([
      { agent_addr: "10.0.0.2:8000", state: "up", hosts: ["10.0.0.2:8000", "10.0.0.3:8000"] },
    ]);
  });
});
