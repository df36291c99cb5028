// The tables that the tallytree command prints of a fake agent's answers.

import { afterEach, describe, expect, test } from "vitest";
import { tallytree } from "./cli-terminal.js";
import { type FakeAgent, type FakeAnswer, startFakeAgent } from "./client-fakes.js";

const open: FakeAgent[] = [];

afterEach(async () => {
  for (const agent of open.splice(0)) await agent.close();
});

async function agentSaying(answer: FakeAnswer): Promise<FakeAgent> {
  const agent = await startFakeAgent(() => answer);
  open.push(agent);
  return agent;
}

const loss = {
  ...{ complete: false, seen: 12, counted: 9, filtered: 1, unkeyed: 0 },
  ...{ lost: { ring: 2, queue: 0 }, unparsed: {}, ignored: {} },
  gaps: [{ host: "10.0.0.2:8000", from: 1_700_000_000, to: 1_700_000_001.5, reason: "flushed" }],
};
const coverage = {
  ...{ expected: 2, answered: ["10.0.0.2:8000"], complete: false },
  missing: [{ host: "10.0.0.4:8000", reason: "timeout", last_seen: "2026-01-01T00:00:00Z" }],
  revision_behind: [{ host: "10.0.0.2:8000", revisions: 2 }],
};

describe("--table", () => {
  async function table(line: string, answer: FakeAnswer): Promise<readonly string[]> {
    const agent = await agentSaying(answer);
    const { code, out } = await tallytree(...line.split(" "), "--table", "--at", agent.at);
    expect(code).toBe(0);
    return out.split("\n");
  }

  test("aligns counts by key, the largest first, whatever their digits", async () => {
    const answer = { "80": 7, "10.0.0.6": 12, "10.0.0.100": "9007199254740993" };
    expect(await table("query heavy-hitters --sketch 0 --key src", answer)).toEqual([
      "KEY                    COUNT",
      "10.0.0.100  9007199254740993",
      "10.0.0.6                  12",
      "80                         7",
      "",
    ]);
  });

  const alert = {
    ...{ watch_id: 1, label: "busy", watch: "u", host: "10.0.0.4:8000", key: "10.0.0.6" },
    ...{ value: 12, lower: 12, upper: 12, certain: true, complete: true, since: 1_700_000_000 },
  };
  const sum = { ...alert, host: undefined, agent: "10.0.0.2:8000", key: "total", value: 7, certain: false };

  test("shows alerts, which of them last, and where", async () => {
    const rows = [
      "WATCH  LABEL  AT                   KEY       COUNT  SINCE                 UNTIL                 CERTAIN",
      "    1  busy   below 10.0.0.2:8000  total         7  2023-11-14T22:13:20Z  lasts                 no",
      "    1  busy   10.0.0.4:8000        10.0.0.6     12  2023-11-14T22:13:20Z  2023-11-14T22:13:25Z  yes",
    ];
    const alerts = [sum, { ...alert, until: 1_700_000_005 }];
    expect(await table("query alerts", alerts)).toEqual([...rows, ""]);
    expect(await table("query alerts", [])).toEqual(["none", ""]);
    const detail = {
      ...{ value: alerts, coverage, loss },
      possible: [{ ...sum, lower: 5, upper: 9 }],
      problems: [{ watch_id: 1, watch: "u", host: "10.0.0.4:8000", problem: "the monitor does not answer" }],
    };
    expect((await table("query alerts --detail", detail)).slice(0, 7)).toEqual([
      ...rows,
      "  possible below 10.0.0.2:8000: watch 1, key total, 5 to 9",
      "  watch 1 at 10.0.0.4:8000: the monitor does not answer",
      "",
      "coverage: 1 of 2 hosts answered",
    ]);
  });

  test("shows bounds, coverage and loss of a detailed answer", async () => {
    const answer = {
      ...{ value: { "10.0.0.6": 12 }, exact: false, unit: "packets", coverage, loss },
      keys: {
        "10.0.0.7": { lower: 1, upper: 3, exact: false, certain: false },
        "10.0.0.6": { lower: 12, upper: 13, exact: false, certain: true },
      },
    };
    expect(await table("query heavy-hitters --sketch 0 --key src --detail", answer)).toEqual([
      "KEY       PACKETS  AT LEAST  AT MOST  CERTAIN",
      "10.0.0.6       12        12       13  yes",
      "10.0.0.7        1         1        3  no",
      "",
      "coverage: 1 of 2 hosts answered",
      "  missing 10.0.0.4:8000: timeout, last seen 2026-01-01T00:00:00Z",
      "  configuration of 10.0.0.2:8000 is behind by up to 2 changes",
      "packets as captured: 12 seen, 9 counted, 1 filtered, lost: 2 by ring; 0 on the wire without such a key",
      "  not counted at 10.0.0.2:8000 from 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:21.500Z: flushed",
      "",
    ]);
  });

  test("shows flow sizes, and how many of them are certain", async () => {
    const rows = [
      [1, 1, 20],
      [2, 3, 5],
    ];
    const header = ["FROM  TO  FLOWS", "   1   1     20", "   2   3      5", ""];
    expect(await table("query distribution --sketch 0 --key src", rows)).toEqual(header);
    const classes = rows.map(([from, to, flows], index) => ({ from, to, flows, exact: index }));
    const answer = { value: rows, classes, flows: 25, certain: 1, estimated: 12, unit: "packets" };
    expect(await table("query distribution --sketch 0 --key src --detail", answer)).toEqual([
      "FROM  TO  FLOWS  CERTAIN",
      "   1   1     20        0",
      "   2   3      5        1",
      "",
      "flows: 25, 1 certainly of their size, 12 estimated",
      "",
    ]);
  });

  test("shows packet sizes, and within what their quantiles lie", async () => {
    const ranks = { min: 40, p50: 84, p90: 1143, p99: 1500, max: 1500 };
    const buckets = [
      [84, 84, 20],
      [1136, 1151, 5],
    ];
    const value = { packets: 25, bytes: 7395, mean: 295.8, ...ranks, buckets };
    const lines = ["FROM    TO  PACKETS", "  84    84       20", "1136  1151        5", ""];
    const sum = "packets: 25, bytes: 7395, mean 295.8, min 40, p50 84, p90 1143, p99 1500, max 1500";
    expect(await table("query sizes --sketch 0", value)).toEqual([...lines, sum, ""]);
    const at = (size: number, lower = size, upper = size) => ({ value: size, lower, upper });
    const quantiles = { p50: at(84), p90: at(1143, 1136, 1151), p99: at(1500) };
    const answer = { value, quantiles, exact: false, unit: "bytes" };
    expect(await table("query sizes --sketch 0 --detail", answer)).toEqual([
      ...lines,
      sum.replace("p90 1143", "p90 1143 (1136 to 1151)"),
      "",
    ]);
  });

  test("shows changes, the largest first, whichever way they went", async () => {
    expect(await table("query change --sketch 0 --key src", { a: 3, b: -20 })).toEqual([
      "KEY  CHANGE",
      "b       -20",
      "a         3",
      "",
    ]);
    const bounds = { change: -20, lower: -21, upper: 1, exact: false, certain: false };
    const answer = { value: { b: -20 }, keys: { b: bounds }, unit: "packets", coverage, loss };
    expect((await table("query change --sketch 0 --key src --detail", answer)).slice(0, 2)).toEqual([
      "KEY  PACKETS  AT LEAST  AT MOST  CERTAIN",
      "b        -20       -21        1  no",
    ]);
  });

  test("shows lists of objects, plain lists, rules and numbers", async () => {
    const counters = [{ counter_key_type: "src", increment: "pkt" }];
    const sketches = [
      { sketch_id: 0, interface: "INPUT", proto: "icmp", counters },
      { sketch_id: 1, counters: [] },
    ];
    expect(await table("query sketches", sketches)).toEqual([
      "SKETCH ID  INTERFACE  PROTO  COUNTERS",
      "        0  INPUT      icmp   counter_key_type=src,increment=pkt",
      "        1  -          -      none",
      "",
    ]);
    expect(await table("query leaf-agents", ["10.0.0.3:8000", "10.0.0.4:8000"])).toEqual([
      "10.0.0.3:8000",
      "10.0.0.4:8000",
      "",
    ]);
    expect(await table("query leaf-agents", [])).toEqual(["none", ""]);
    expect(await table("query counter", [5, 420])).toEqual(["PACKETS  BYTES", "      5    420", ""]);
    expect(await table("query sketch --sketch 0 --key src total", 9)).toEqual(["9", ""]);
    expect(await table("config sketch-counter --sketch 0 --key src", "ok: src")).toEqual(["ok: src", ""]);
    expect(await table("query heavy-hitters --sketch 0 --key src", {})).toEqual(["KEY  COUNT", ""]);
  });

  test("shows an object by line, what is nested by its path", async () => {
    const window = { kind: "all", from: 1, to: 2.5 };
    const answer = { value: 7, lower: 7, upper: 8, window, coverage: { ...coverage, missing: [] }, loss };
    expect((await table("query sketch --sketch 0 --key src total --detail", answer)).slice(0, 8)).toEqual([
      "value:        7",
      "lower:        7",
      "upper:        8",
      "window.kind:  all",
      "window.from:  1",
      "window.to:    2.5",
      "",
      "coverage: 1 of 2 hosts answered",
    ]);
  });
});
