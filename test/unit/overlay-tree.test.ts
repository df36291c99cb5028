// How a tree is made, and how its configuration reaches everybody.

import { describe, expect, it } from "vitest";
import { type Request, TallyError } from "../../controller-client/messages/index.js";
import { announce, systemTime } from "../../overlay/index.js";
import { Grove } from "./overlay-grove.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("adding an agent", () => {
  it("takes an address in any spelling once", async () => {
    const { nodes, ...grove } = new Grove(2);
    const { tree } = nodes[0] ?? Object.assign(grove);
    expect((await tree.add("http://10.0.0.1:8000", 200)).added).toBe(true);
    expect((await tree.add("10.0.0.1", 200)).added).toBe(false);
    expect(tree.leafAgents()).toMatchObject([
      { agent_addr: "10.0.0.1:8000", state: "up", hosts: ["10.0.0.1:8000"], last_seen: expect.any(String) },
    ]);
  });

  it("takes one that does not answer yet", async () => {
    const grove = new Grove(2);
    grove.node(1).fault = { kind: "dead" };
    expect((await grove.link(0, 1)).added).toBe(true);
    expect((await grove.ask(0)).missing).toMatchObject([{ host: grove.node(1).name, reason: "refused" }]);
    grove.node(1).fault = { kind: "none" };
    expect((await grove.ask(0)).missing).toEqual([]);
  });

  it("refuses itself and its own ancestors, with a reason", async () => {
    const grove = new Grove(3);
    await expect(grove.link(0, 0)).rejects.toMatchObject({
      code: "loop",
      message: expect.stringMatching(/itself/),
    });
    await grove.link(0, 1);
    await grove.link(1, 2);
    await expect(grove.link(2, 0)).rejects.toMatchObject({
      code: "loop",
      message: expect.stringMatching(/below it/),
    });
    expect(grove.node(2).tree.leafAgents()).toEqual([]);
    expect(grove.node(1).tree.leafAgents()).toMatchObject([{ state: "up" }]);
  });

  it("refuses a host that is below another child already", async () => {
    const grove = new Grove(3);
    await grove.link(0, 1);
    await grove.link(1, 2);
    await grove.ask(0);
    await expect(grove.link(0, 2)).rejects.toMatchObject({ code: "conflict", field: "agent_addr" });
  });

  it("lets a loop that came about all the same do no harm", async () => {
    const grove = new Grove(2);
    grove.node(0).fault = { kind: "dead" };
    await grove.link(1, 0);
    grove.node(0).fault = { kind: "none" };
    grove.node(1).fault = { kind: "dead" };
    await grove.link(0, 1);
    grove.node(1).fault = { kind: "none" };
    const gathered = await grove.ask(0);
    expect(grove.digits(gathered.payload ?? 0n)).toEqual([1, 1]);
    expect(gathered.missing).toEqual([]);
  });

  it("refuses a question that came from itself", async () => {
    const grove = new Grove(1);
    const { tree, name } = grove.node(0);
    await expect(tree.tell(config, { budgetMs: 100, path: [name] })).rejects.toMatchObject({ code: "loop" });
  });
});

const config: Request = {
  type: "config sketch",
  interface: "INPUT",
  uuid: "11111111-1111-4111-8111-111111111111",
  secret: "00".repeat(16),
  timeout_ms: 1000,
};
const configs = (grove: Grove, index: number) =>
  grove.node(index).heard.filter(({ type }) => type === "config sketch").length;

describe("configuration", () => {
  it("reaches the whole tree before tell resolves", async () => {
    const grove = new Grove(3);
    await grove.link(0, 1);
    await grove.link(1, 2);
    await pause(5);
    await grove.node(0).tree.tell(config, { budgetMs: 500 });
    expect([configs(grove, 1), configs(grove, 2)]).toEqual([1, 1]);
    expect(grove.node(2).heard.at(-1)).toMatchObject({
      form: "partial",
      uuid: config.uuid,
      path: [grove.node(0).name, grove.node(1).name],
    });
  });

  it("is sent whole to a new child, and to one that was away", async () => {
    const grove = new Grove(2);
    grove.wanted = [config];
    await grove.link(0, 1);
    await pause(20);
    expect(configs(grove, 1)).toBe(1);
    grove.node(1).fault = { kind: "dead" };
    await grove.node(0).tree.tell(config, { budgetMs: 200 });
    expect(grove.node(0).tree.leafAgents()).toMatchObject([{ behind: true }]);
    grove.node(1).fault = { kind: "none" };
    await pause(1100);
    await grove.node(0).tree.tend(300);
    expect(configs(grove, 1)).toBe(2);
    expect(grove.node(0).tree.leafAgents()[0]).not.toHaveProperty("behind");
  });

  it("does not wait for a hung child longer than it may", async () => {
    const grove = new Grove(3);
    await grove.link(0, 1);
    await grove.link(0, 2);
    await pause(5);
    grove.node(1).fault = { kind: "hung" };
    const started = performance.now();
    await grove.node(0).tree.tell(config, { budgetMs: 150 });
    expect(performance.now() - started).toBeLessThan(200);
    expect(configs(grove, 2)).toBe(1);
  });

  it("is not sent for ever to a child that refuses it", async () => {
    const grove = new Grove(2);
    grove.wanted = [config];
    grove.node(1).fault = { kind: "says", error: new TallyError("bad_request", "no such device") };
    await grove.link(0, 1);
    for (let i = 0; i < 20; i++) await grove.node(0).tree.tend(100);
    expect(configs(grove, 1)).toBe(1);
    expect(grove.node(0).tree.leafAgents()).toMatchObject([{ problem: "no such device" }]);
  });
});

describe("an announcement", () => {
  it("goes on until and after it succeeds, and tells changes only", async () => {
    const outcomes = ["unavailable", "unavailable", "ok", "ok", "loop"] as const;
    const changes: (string | undefined)[] = [];
    const stop = new AbortController();
    let attempts = 0;
    const post = async () => {
      const outcome = outcomes[attempts++];
      if (outcome === undefined) stop.abort();
      else if (outcome !== "ok") throw new TallyError(outcome, "no");
    };
    await announce({
      post,
      everyMs: 1,
      onChange: (failure) => changes.push(failure?.code),
      signal: stop.signal,
      time: systemTime,
    });
    expect(attempts).toBe(6);
    expect(changes).toEqual(["unavailable", undefined, "loop"]);
  });
});
