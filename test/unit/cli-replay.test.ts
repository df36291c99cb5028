// tallytree replay with a stand-in for the program that reads: the order it gets, progress, results and failures.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { progressLine } from "../../controller-client/cli/progress-line.js";
import { buildReplay } from "../../controller-client/cli/replay.js";
import type { ReplayEvent, ReplayOrder } from "../../controller-client/messages/index.js";
import { recordingTerminal } from "./cli-terminal.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tallytree-replay-"));
});
afterEach(() => rm(folder, { recursive: true }));

const answer = {
  value: { "10.0.0.6": 3 },
  keys: { "10.0.0.6": { lower: 3, upper: 3, exact: true, certain: true } },
  ...{ lower: 3, upper: 3, exact: true, unit: "packets", order: ["10.0.0.6"] },
  window: { kind: "all", from: 100, to: 102 },
  coverage: { expected: 1, answered: ["trace.pcap"], missing: [], complete: true },
  loss: {
    ...{ complete: true, seen: 5, counted: 3, filtered: 0, unkeyed: 0, lost: {}, ignored: {} },
    ...{ unparsed: { truncated: 2 }, gaps: [] },
  },
} as const;
const result = { from: 100, to: 102, packets: 3, bytes: 252, answers: [answer] } as const;

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly order: ReplayOrder | undefined;
  readonly failure: string;
}

/** Runs the command; the stand-in notes its order and says these events. */
async function replay(
  args: readonly string[],
  events: readonly object[] = [{ result }],
  isScreen = false,
): Promise<Ended> {
  const program = join(folder, "replay.mjs");
  const note = join(folder, "order.json");
  const lines = events.map((event) => `console.log(${JSON.stringify(JSON.stringify(event))});`);
  const write = `writeFileSync(${JSON.stringify(note)}, process.argv[2]);`;
  await writeFile(program, `import { writeFileSync } from "node:fs"; ${write} ${lines.join("\n")}`);
  const terminal = { ...recordingTerminal(), isScreen };
  const command = buildReplay(terminal, program).exitOverride();
  const failure = await command.parseAsync(args, { from: "user" }).then(
    () => "",
    (error: Error) => error.message,
  );
  const order = await readFile(note, "utf8").catch(() => "");
  return { ...terminal.written(), order: order === "" ? undefined : JSON.parse(order), failure };
}

describe("what the options say", () => {
  test("without any: the top keys by src_dst of all packets", async () => {
    const { order } = await replay(["trace.pcap"]);
    expect(order).toMatchObject({ path: "trace.pcap", anyDirection: true });
    expect(order?.configure.map(({ type }) => type)).toEqual(["config sketch", "config sketch counter"]);
    expect(order?.configure[1]).toMatchObject({
      sketch_id: 0,
      counter_key_type: "src_dst",
      increment: "pkt",
    });
    expect(order?.ask).toMatchObject([
      { type: "query top", counter_key_type: "src_dst", k: 10, detail: true },
    ]);
  });

  test("filters, several keys and several questions", async () => {
    const { order } = await replay([
      ...["-", "--proto", "tcp", "--dport", "443", "--src", "10.0.0.0/8", "--interface", "OUTPUT"],
      ...["--key", "src", "--key", "dst", "--inc", "bytes", "--capacity", "64"],
      ...["--query", "top", "--query", "entropy", "--top", "3", "--window", "5"],
    ]);
    expect(order?.anyDirection).toBe(false);
    expect(order?.configure).toMatchObject([
      { proto: "tcp", dport: 443, src: "10.0.0.0/8", interface: "OUTPUT" },
      { counter_key_type: "src", increment: "bytes", capacity: 64 },
      { counter_key_type: "dst", increment: "bytes", capacity: 64 },
    ]);
    expect(order?.ask).toMatchObject([
      { type: "query top", counter_key_type: "src", k: 3, window: { last: 5 } },
      { type: "query entropy", counter_key_type: "src", window: { last: 5 } },
      { type: "query top", counter_key_type: "dst" },
      { type: "query entropy", counter_key_type: "dst" },
    ]);
  });

  test("packet sizes are asked for once, whatever the keys, and then kept", async () => {
    const { order } = await replay([
      "-",
      "--key",
      "src",
      "--key",
      "dst",
      "--query",
      "sizes",
      "--query",
      "top",
    ]);
    expect(order?.configure[0]).toMatchObject({ type: "config sketch", sizes: true });
    expect(order?.ask).toMatchObject([
      { type: "query top", counter_key_type: "src" },
      { type: "query top", counter_key_type: "dst" },
      { type: "query sizes", sketch_id: 0, detail: true },
    ]);
  });

  test.each([
    [["--key", "colour"], /counter_key_type is "colour"/],
    [["--dport", "70000"], /dport is "70000"/],
    [["--top", "0"], /k is "0"/],
    [["--query", "bandwidth"], /--query is "bandwidth": give one of heavy-hitters, top/],
    [["--threshold", "0.1"], /threshold says nothing about top/],
    [["--tap", "packet"], /unknown option '--tap'/],
  ])("%s is refused before anything is read", async (args, message) => {
    const { failure, order } = await replay(["trace.pcap", ...args]);
    expect(failure).toMatch(message);
    expect(order).toBeUndefined();
  });
});

describe("what is printed", () => {
  test("a line about the file, a table and what could not be read", async () => {
    const { out, err } = await replay(["trace.pcap", "--key", "src"]);
    expect(out).toMatch(
      /^trace\.pcap: 3 packets, 252 bytes of IP in 2\.000 s from 1970-01-01T00:01:40\.000Z, 2 packets/,
    );
    expect(out).toMatch(/top by src\nKEY +PACKETS.*\n10\.0\.0\.6 +3 /);
    expect(out).toContain(
      "5 seen, 3 counted, 0 filtered, none lost, unparsed: 2 truncated; 0 on the wire without such a key",
    );
    expect(out).not.toContain("coverage");
    expect(err).toBe("");
  });

  test("JSON for programs", async () => {
    const { out } = await replay(["trace.pcap", "--key", "src", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      ...{ path: "trace.pcap", from: 100, to: 102, packets: 3, bytes: 252 },
      answers: [{ type: "query top", counter_key_type: "src", value: { "10.0.0.6": 3 } }],
    });
  });

  const progress: ReplayEvent = { progress: { position: 500, size: 1000, packets: 7 } };

  test("progress on a screen only, and nothing of it left", async () => {
    const seen = await replay(["trace.pcap"], [progress, { result }], true);
    expect(seen.err).toContain("[############............] 50 % of 1.0 kB, 7 packets, ");
    expect(seen.err.endsWith("\r\x1b[K")).toBe(true);
    expect((await replay(["trace.pcap"], [progress, { result }])).err).toBe("");
  });

  test("what was counted, and then that the file broke off", async () => {
    const { out, failure } = await replay(
      ["t"],
      [{ result: { ...result, failure: "t, at byte 9: it ends" } }],
    );
    expect(out).toContain("10.0.0.6");
    expect(failure).toBe("t, at byte 9: it ends; what came before is counted");
  });

  test("the sentence of a file that cannot be read, or that the reader died", async () => {
    const error = { code: "tap", field: null, message: "t cannot be read: it is no capture file" };
    expect((await replay(["t"], [{ error }])).failure).toBe("t cannot be read: it is no capture file");
    expect((await replay(["t"], [])).failure).toBe("reading ended early (exit code 0)");
  });
});

test("a pipe's progress has no bar", () => {
  expect(progressLine({ position: 3_200_000_000, size: 0, packets: 7 }, 1000)).toBe("7 packets, 3.2 GB");
  expect(progressLine({ position: 10, size: 1000, packets: 1 }, 1000)).toMatch(
    /1 % of 1\.0 kB.*1 min 39 s left$/,
  );
});
