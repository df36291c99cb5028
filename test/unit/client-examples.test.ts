// The examples as they are shipped, against a fake agent: what they ask and what they print.

import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Request, TallyError } from "../../controller-client/messages/index.js";
import { type Build, buildClient, type Ended, runProgram } from "./cli-build.js";
import { type FakeAgent, type FakeAnswer, startFakeAgent } from "./client-fakes.js";

let build: Build;
const open: FakeAgent[] = [];

beforeAll(async () => {
  build = await buildClient();
}, 60_000);

afterAll(() => build.remove());

afterEach(async () => {
  for (const agent of open.splice(0)) await agent.close();
});

interface Run extends Ended {
  readonly asked: readonly Request[];
}

async function runExample(name: string, answer: (request: Request) => FakeAnswer, rounds = 1): Promise<Run> {
  const agent = await startFakeAgent(answer);
  open.push(agent);
  const [host = "", port = ""] = agent.at.split(":");
  const path = join(build.folder, "controller-client/examples", `${name}.js`);
  const ended = await runProgram([
    path,
    host,
    "--port",
    port,
    "--rounds",
    String(rounds),
    "--interval",
    "0.01",
  ]);
  return { ...ended, asked: agent.asked };
}

const lines = (...text: readonly string[]): string => `${text.join("\n")}\n`;

function configured(request: Request): FakeAnswer | undefined {
  if (request.type === "config sketch") return 7;
  return request.type === "config sketch counter" ? "ok: counting" : undefined;
}

test("query-bw asks the sender's agent", async () => {
  const run = await runExample("query-bw", () => 1980);
  expect(run).toMatchObject({ code: 0, err: "", out: "1980 MBytes/s\n" });
  expect(run.asked).toMatchObject([{ type: "query bw", src: "127.0.0.1", dst: "10.0.0.6" }]);
});

test("watch tells of each alert that has ended, once", async () => {
  const scan = { host: "h5", key: "key_num", value: 85, since: 1_700_000_000 };
  const answer = (request: Request): FakeAnswer => {
    if (request.type === "watch") return 3;
    return (
      configured(request) ?? [
        { ...scan, since: 1_700_000_060 },
        { ...scan, until: 1_700_000_003 },
      ]
    );
  };
  const run = await runExample("watch", answer, 3);
  const line = /^85 ports of h5 were asked for, from \d\d:\d\d:20 to \d\d:\d\d:23\n$/;
  expect(run).toMatchObject({ code: 0, err: "", out: expect.stringMatching(line) });
  const counter = { sketch_id: 7, counter_key_type: "dport" };
  expect(run.asked.slice(1, 4)).toMatchObject([
    { type: "config sketch counter", ...counter },
    { type: "watch", ...counter, counter_key: "key_num", above: 20, window: { last: 2 }, scope: "host" },
    { type: "query alerts", watch_id: 3 },
  ]);
});

describe("heavy-hitter", () => {
  const answers = (request: Request): FakeAnswer =>
    configured(request) ?? (request.type === "query sketch" ? 2 : { "10.0.0.6": 2, "10.0.0.2": 3 });

  test("prints hitters sorted by key and h6's hits, as often as --rounds says", async () => {
    const run = await runExample("heavy-hitter", answers, 2);
    const round = ["{", '    "10.0.0.2": 3,', '    "10.0.0.6": 2', "}", "h6 hits: 2 times"];
    expect(run).toMatchObject({ code: 0, err: "", out: lines(...round, ...round) });
    expect(run.asked.slice(0, 4)).toMatchObject([
      { type: "config sketch", interface: "INPUT", proto: "icmp" },
      { type: "config sketch counter", sketch_id: 7, counter_key_type: "src", increment: "pkt" },
      { type: "query heavy hitters", sketch_id: 7, counter_key_type: "src" },
      { type: "query sketch", sketch_id: 7, counter_key_type: "src", counter_key: "10.0.0.6" },
    ]);
    expect(run.asked).toHaveLength(6);
  });

  test("ends with the agent's sentence and exit code 1", async () => {
    const run = await runExample(
      "heavy-hitter",
      () => new TallyError("monitor_down", "the monitor does not answer"),
    );
    expect(run).toMatchObject({ code: 1, out: "", err: "the monitor does not answer\n" });
  });

  test("an empty answer is an empty object", async () => {
    const run = await runExample(
      "heavy-hitter",
      (request) => configured(request) ?? (request.type === "query sketch" ? 0 : {}),
    );
    expect(run.out).toBe("{}\nh6 hits: 0 times\n");
  });
});

test("flow-size-distrib counts bytes by pair", async () => {
  const pairs = { "10.0.0.6,10.0.0.5": 84, "10.0.0.10,10.0.0.5": 168 };
  const run = await runExample(
    "flow-size-distrib",
    (request) => configured(request) ?? (request.type === "query sketch" ? 84 : pairs),
  );
  expect(run.out).toBe(
    lines("{", '    "10.0.0.10,10.0.0.5": 168,', '    "10.0.0.6,10.0.0.5": 84', "}", "h6 hits h5: 84 times"),
  );
  expect(run.asked[1]).toMatchObject({ counter_key_type: "src_dst", increment: "bytes" });
  expect(run.asked[3]).toMatchObject({ counter_key: "10.0.0.6,10.0.0.5" });
});

describe("portscan", () => {
  const scanned = Object.fromEntries(
    Array.from({ length: 85 }, (_, index) => [`10.0.0.6,${8008 + index}`, 1]),
  );

  function answersOf(looks: readonly FakeAnswer[]): (request: Request) => FakeAnswer {
    const left = [...looks];
    return (request) => {
      if (request.type === "query real time counter") return { ...scanned, "10.0.0.1,22": 4 };
      return configured(request) ?? left.shift() ?? 0;
    };
  }

  test("tells of a jump by more than 20 ports once, with the ports of each source", async () => {
    const run = await runExample("portscan", answersOf([1, 21, 106, 107, 107]), 5);
    expect(run).toMatchObject({
      code: 0,
      err: "",
      out: lines("portscan detected.", "{", '    "10.0.0.1": 1,', '    "10.0.0.6": 85', "}"),
    });
    expect(run.asked.slice(1, 3)).toMatchObject([
      { counter_key_type: "src_dport" },
      { counter_key_type: "dport" },
    ]);
  });

  test("a look that fails is skipped and the next compares with the last good one", async () => {
    const down = new TallyError("monitor_down", "the monitor restarts");
    const run = await runExample("portscan", answersOf([10, down, 30, 51]), 4);
    expect(run.code).toBe(0);
    expect(run.out.match(/portscan detected/g)).toHaveLength(1);
  });
});

test("a bad option is told", async () => {
  const path = join(build.folder, "controller-client/examples/heavy-hitter.js");
  expect(await runProgram([path, "--rounds", "x"])).toMatchObject({
    code: 1,
    err: "--rounds: give a number above 0\n",
  });
});

test("contacts asks the root who talks to how many, in both directions", async () => {
  const run = await runExample("contacts", (request) => {
    if (request.type !== "query spread") return configured(request) ?? {};
    return request.group_by === "src" ? { "10.0.0.6": 8, "10.0.0.2": 7 } : { "10.0.0.5": 8 };
  });
  const round = ["{", '    "10.0.0.2": 7,', '    "10.0.0.6": 8', "}", "10.0.0.5 is pinged by 8 hosts"];
  expect(run).toMatchObject({ code: 0, err: "", out: lines(...round) });
  expect(run.asked).toMatchObject([
    { type: "config sketch", interface: "INPUT", proto: "icmp" },
    { type: "config sketch counter", sketch_id: 7, counter_key_type: "src_dst", spread: "src,dst" },
    { type: "query spread", group_by: "src" },
    { type: "query spread", group_by: "dst", k: 1 },
  ]);
});
