// The typed client against a real HTTP server: what it sends, what it makes of answers, errors and silence.

import { createServer, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import { Client, type Count, type KeyedDetail, TallyError } from "../../controller-client/index.js";
import { closeLater, connected, type FakeAnswer, failure, startFakeAgent } from "./client-fakes.js";

const loss = {
  ...({
    complete: true,
    unit: "skb",
    unkeyed_unit: "packets",
    estimated: 0,
    gaps: [],
    offloads: [],
    observation_points: [],
  } as const),
  seen: 9,
  counted: 2,
  filtered: 7,
  unkeyed: 0,
  lost: {},
  unparsed: {},
  ignored: {},
};
const coverage = { expected: 1, answered: ["a:1"], missing: [], complete: true };
const hitters: KeyedDetail = {
  ...{ value: { "10.0.0.6": 2 }, lower: 2, upper: 2, exact: true, unit: "packets", coverage, loss },
  window: { kind: "all", from: 1_700_000_000, to: 1_700_000_009.5 },
  keys: { "10.0.0.6": { lower: 2, upper: 2, exact: true, certain: true } },
};

const counter = { sketch_id: 0, counter_key_type: "src" };

describe("each method sends its message", () => {
  const calls: readonly (readonly [string, (client: Client) => Promise<unknown>, object])[] = [
    ["config sketch", (c) => c.configSketch({ proto: "icmp" }), { proto: "icmp", interface: "INPUT" }],
    [
      "config sketch counter",
      (c) => c.configSketchCounter({ ...counter, increment: "bytes" }),
      { increment: "bytes" },
    ],
    ["delete sketch", (c) => c.deleteSketch({ sketch_id: 4 }), { sketch_id: 4 }],
    [
      "query sketch",
      (c) => c.sketch({ ...counter, counter_key: "total" }),
      { counter_key: "total", detail: false },
    ],
    ["query heavy hitters", (c) => c.heavyHitters({ ...counter, detail: true }), { detail: true }],
    ["query real time counter", (c) => c.realTimeCounter(counter), counter],
    ["query top", (c) => c.top(counter), { ...counter, k: 10 }],
    [
      "query distinct",
      (c) => c.distinct({ ...counter, window: "realtime" }),
      { ...counter, window: "realtime" },
    ],
    ["query entropy", (c) => c.entropy(counter), counter],
    ["query sizes", (c) => c.sizes({ sketch_id: 3 }), { sketch_id: 3 }],
    ["query distribution", (c) => c.distribution(counter), counter],
    [
      "query change",
      (c) => c.change({ ...counter, window: { last: 30 } }),
      { window: { last: 30 }, k: 20, detail: false },
    ],
    ["config counter", (c) => c.configCounter({ proto: 6 }), { proto: 6 }],
    ["query counter", (c) => c.counter({ proto: 6, scope: "host" }), { scope: "host" }],
    ["query bw", (c) => c.bw({ src: "10.0.0.5", dst: "10.0.0.6" }), { seconds: 3 }],
    ["query sketches", (c) => c.sketches(), {}],
    [
      "watch",
      (c) => c.watch({ ...counter, above: 9 }),
      { ...counter, above: 9, window: { last: 10 }, scope: "subtree" },
    ],
    ["unwatch", (c) => c.unwatch({ watch_id: 4 }), { watch_id: 4 }],
    ["query alerts", (c) => c.alerts({ since: 5 }), { since: 5, k: 100, detail: false }],
    ["query status", (c) => c.status(), {}],
    ["add leaf agent", (c) => c.addLeafAgent({ agent_addr: "10.0.0.3" }), { agent_addr: "10.0.0.3" }],
    ["query roster", (c) => c.roster({ detail: true }), { detail: true }],
    ["expel agent", (c) => c.expelAgent({ agent: "h3" }), { agent: "h3" }],
    ["rename agent", (c) => c.renameAgent({ agent: "h3", name: "web" }), { agent: "h3", name: "web" }],
    ["query leaf agents", (c) => c.leafAgents({ detail: true }), { detail: true }],
  ];

  test.each(calls)("%s", async (type, call, fields) => {
    const { agent, client } = await connected({ some: "answer" });
    await expect(call(client)).resolves.toEqual({ some: "answer" });
    expect(agent.asked).toHaveLength(1);
    expect(agent.asked[0]).toMatchObject({ type, ...fields });
  });

  test("the client's own timeout goes along, a message's own comes first", async () => {
    const agent = await startFakeAgent(() => 1);
    const client = new Client({ url: `http://${agent.at}`, timeoutMs: 300 });
    closeLater(client, agent);
    await client.status();
    await client.status({ timeout_ms: 700 });
    expect(agent.asked.map((request) => request.timeout_ms)).toEqual([300, 700]);
  });
});

describe("answers", () => {
  test("are bare or detailed, and typed so", async () => {
    const bare = await connected({ "10.0.0.6": 2, "10.0.0.7": "9007199254740993" });
    const counts: Readonly<Record<string, Count>> = await bare.client.heavyHitters(counter);
    expect(counts).toEqual({ "10.0.0.6": 2, "10.0.0.7": "9007199254740993" });
    const detailed = await connected(hitters);
    const detail: KeyedDetail = await detailed.client.heavyHitters({ ...counter, detail: true });
    expect(detail).toEqual(hitters);
  });

  test("of any request come through request()", async () => {
    const { client, agent } = await connected([5, 420]);
    expect(await client.request({ type: "query counter", proto: "icmp" })).toEqual([5, 420]);
    expect(agent.asked[0]).toMatchObject({ type: "query counter", proto: "icmp" });
  });

  test("use kept connections", async () => {
    const { client, agent } = await connected(1);
    for (let i = 0; i < 20; i++) await client.status();
    expect(agent.connections()).toBeLessThan(5);
  });

  test("come again from an agent that was restarted", async () => {
    const { client, agent } = await connected(1);
    await client.status();
    await agent.close();
    expect(await failure(client.status())).toMatchObject({ code: "unavailable" });
    const again = await startFakeAgent(() => 2, Number(agent.at.split(":")[1]));
    closeLater(again);
    expect(await client.status()).toBe(2);
  });
});

describe("errors", () => {
  test("of the agent arrive as the same error", async () => {
    const { client } = await connected(new TallyError("conflict", "another test runs", { field: "src" }));
    const error = await failure(client.bw({ src: "10.0.0.5", dst: "10.0.0.6" }));
    expect(error).toMatchObject({
      code: "conflict",
      status: 409,
      field: "src",
      message: "another test runs",
    });
  });

  test("nobody listens: unavailable, with the address", async () => {
    const agent = await startFakeAgent(() => 1);
    await agent.close();
    const client = new Client(agent.at);
    closeLater(client);
    const error = await failure(client.status());
    expect(error).toMatchObject({ code: "unavailable", status: 503 });
    expect(error.message).toContain(agent.at);
    expect(error.message).toContain("nothing listens there");
  });

  test("a connection cut within the answer: unavailable", async () => {
    const { client } = await connected((response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("1");
      response.destroy();
    });
    expect(await failure(client.status())).toMatchObject({ code: "unavailable" });
  });

  test.each([
    ["text", 200, "hello"],
    ["a proxy's page", 502, "<html>bad gateway</html>"],
    ["another service's error", 404, '{"message":"Route POST:/ not found"}'],
  ])("%s is no agent: incompatible", async (_name, status, text) => {
    const { client } = await connected((response) => response.writeHead(status).end(text));
    const error = await failure(client.status());
    expect(error).toMatchObject({ code: "incompatible" });
    expect(error.message).toContain(`HTTP status ${status}`);
  });

  test("a bad address is told before anything is sent", () => {
    expect(() => new Client("10.0.0.300")).toThrow(/^url is "10.0.0.300"/);
  });
});

describe("silence ends in a timeout", () => {
  const quick = { timeout_ms: 50 };

  test.each<readonly [string, FakeAnswer]>([
    ["no answer", () => {}],
    ["an answer that stops", (response) => void response.writeHead(200).write("[")],
    [
      "an answer that drips",
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 100);
        response.once("close", () => clearInterval(timer));
      },
    ],
  ])("%s", async (_name, answer) => {
    const { client } = await connected(answer);
    const started = performance.now();
    const error = await failure(client.status(quick));
    expect(error).toMatchObject({ code: "timeout", status: 504 });
    expect(error.message).toContain("50 ms");
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("a server that takes connections and never reads", async () => {
    const server: Server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const client = new Client(`127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
    expect(await failure(client.status(quick))).toMatchObject({ code: "timeout" });
    await client.close();
    server.close();
  });

  test("a bandwidth test may take its seconds besides", async () => {
    const { client } = await connected((response) => {
      setTimeout(() => response.end("119.2"), 1200);
    });
    expect(await client.bw({ src: "10.0.0.5", dst: "10.0.0.6", seconds: 1, ...quick })).toBe(119.2);
  });

  test("close() ends what is under way", async () => {
    const { client } = await connected(() => {});
    const waiting = failure(client.status({ timeout_ms: 5000 }));
    setTimeout(() => void client.close(), 50);
    expect(await waiting).toMatchObject({ code: "unavailable" });
  });
});
