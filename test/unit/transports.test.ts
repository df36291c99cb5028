// What every transport promises: replies as they are, failures as what they are, and memory for no more than asked.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseAgentAddress } from "../../controller-client/messages/index.js";
import { natsTransport } from "../../overlay/index.js";
import { subjectOf } from "../../overlay/nats/subject.js";
import { httpWorld, longText, natsWorld, type World } from "./transport-ends.js";

const message = { type: "query status" } as const;

describe.each([
  ["http", httpWorld],
  ["nats", natsWorld],
] as const)("%s", (_, make) => {
  let world: World;
  beforeEach(async () => {
    world = await make();
  });
  afterEach(() => world.close());

  it("brings back status, type and bytes as they are", async () => {
    const budget = { ms: 500, bytes: 1000 };
    const { status, contentType, bytes } = await world.transport.request(
      await world.agent("echo"),
      message,
      budget,
    );
    expect([status, contentType, JSON.parse(bytes.toString())]).toEqual([418, "text/echo", message]);
  });

  it.each([
    ["hung", "timeout"],
    ["late", "timeout"],
    ["broken off", "unavailable"],
  ] as const)("tells of an agent that is %s: %s", async (conduct, code) => {
    const asked = world.transport.request(await world.agent(conduct), message, { ms: 50, bytes: 10 ** 6 });
    await expect(asked).rejects.toMatchObject({ code });
  });

  it("tells of nobody there: unavailable", async () => {
    const nobody = parseAgentAddress("127.0.0.1:1");
    const asked = world.transport.request(nobody, message, { ms: 50, bytes: 1000 });
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
  });

  it("holds no more of an endless reply than it may", async () => {
    const to = await world.agent("endless");
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    for (let round = 0; round < 5; round++) {
      const asked = world.transport.request(to, message, { ms: 5000, bytes: 2 ** 20 });
      await expect(asked).rejects.toMatchObject({ code: "too_large" });
    }
    clearInterval(watch);
    // Both ends are in this process; without the limit it would grow until the time is over.
    expect(most - before).toBeLessThan(60 * 2 ** 20);
  });

  it("brings a reply of several megabytes", async () => {
    const to = await world.agent("long");
    const { bytes } = await world.transport.request(to, message, { ms: 4000, bytes: 2 ** 23 });
    expect(bytes.length).toBeGreaterThan(2 ** 21);
    expect(bytes.equals(Buffer.from(longText))).toBe(true);
  });

  it("keeps apart what is asked at once", async () => {
    const to = await world.agent("echo");
    const texts = Array.from({ length: 60 }, (_, i) => ({ ...message, timeout_ms: 1000 + i }));
    const budget = { ms: 2000, bytes: 1000 };
    const replies = await Promise.all(texts.map((text) => world.transport.request(to, text, budget)));
    expect(replies.map(({ bytes }) => JSON.parse(bytes.toString()))).toEqual(texts);
  });
});

describe("nats", () => {
  it("makes one token of any name, and another of another", () => {
    const names = ["10.0.0.3:8000", "[fd00::3]:8000", "h3", "h-3_x", "*", ">", "a b", "ü", "=2a"];
    const subjects = names.map(subjectOf);
    for (const subject of subjects) expect(subject).toMatch(/^tallytree\.agent\.[\w=-]+$/);
    expect(new Set(subjects).size).toBe(names.length);
  });

  it("tells at once that no server is there, and waits for one in the background", async () => {
    const transport = await natsTransport({ servers: ["nats://127.0.0.1:1"] });
    const asked = transport.request(parseAgentAddress("h1"), message, { ms: 5000, bytes: 1000 });
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    await transport.close();
  });
});
