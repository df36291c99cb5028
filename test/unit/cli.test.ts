// The tallytree command in this process against a fake agent: messages sent, output, help, errors. Tables: cli-tables.test.ts.

import { afterEach, describe, expect, test } from "vitest";
import { TallyError } from "../../controller-client/messages/index.js";
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

const sent: readonly (readonly [string, object])[] = [
  ["config sketch --proto icmp", { type: "config sketch", proto: "icmp", interface: "INPUT" }],
  ["config sketch --proto 6 --dport 80 --interface OUTPUT", { proto: 6, dport: 80, interface: "OUTPUT" }],
  [
    "config sketch-counter --sketch 2 --key src_dst --increment bytes",
    { sketch_id: 2, counter_key_type: "src_dst", increment: "bytes" },
  ],
  ["config sketch-counter --sketch 2 --key src --hitter-threshold 0.05", { hitter_threshold: 0.05 }],
  [
    "config sketch-counter --sketch 2 --key src --accuracy-share 0.1 --accuracy-width 0.01",
    { type: "config sketch counter", capacity: 1334 },
  ],
  ["config counter --src 10.0.0.6", { type: "config counter", src: "10.0.0.6" }],
  [
    "query sketch --sketch 2 --key src 10.0.0.6 --detail",
    { type: "query sketch", counter_key: "10.0.0.6", detail: true },
  ],
  [
    "query heavy-hitters --sketch 2 --key src --k 5 --share-of network",
    { type: "query heavy hitters", k: 5, share_of: "network" },
  ],
  [
    "query real-time-counter --sketch 2 --key dport --scope host",
    { type: "query real time counter", scope: "host" },
  ],
  [
    "query heavy-hitters --sketch 2 --key src_dst --group-by src/16",
    { counter_key_type: "src_dst", group_by: "src/16" },
  ],
  ["query top --sketch 2 --key src --k 3", { type: "query top", k: 3 }],
  ["query distinct --sketch 2 --key src --window realtime", { type: "query distinct", window: "realtime" }],
  ["query entropy --sketch 2 --key dport", { type: "query entropy", counter_key_type: "dport" }],
  ["query sizes --sketch 2 --window 60", { type: "query sizes", window: { last: 60 } }],
  ["query distribution --sketch 2 --key src", { type: "query distribution", counter_key_type: "src" }],
  [
    "query heavy-hitters --sketch 2 --key src --window 60",
    { type: "query heavy hitters", window: { last: 60 } },
  ],
  [
    'query change --sketch 2 --key src --window {"from":100,"to":110} --k 5',
    { type: "query change", window: { from: 100, to: 110 }, k: 5 },
  ],
  ["query counter --proto udp", { type: "query counter", proto: "udp" }],
  [
    "query bw 10.0.0.5 10.0.0.6 --seconds 1",
    { type: "query bw", src: "10.0.0.5", dst: "10.0.0.6", seconds: 1 },
  ],
  ["query sketches", { type: "query sketches" }],
  ["query status --timeout-ms 200", { type: "query status", timeout_ms: 200 }],
  ["query leaf-agents", { type: "query leaf agents" }],
  [
    "watch --sketch 2 --key src --above 9 --window 5 --scope host --label busy",
    { type: "watch", sketch_id: 2, above: 9, window: { last: 5 }, scope: "host", label: "busy" },
  ],
  [
    "watch --sketch 2 --key src --counter-key total --below 1 --send-to http://10.0.0.1:9000/a",
    { type: "watch", counter_key: "total", below: 1, send_to: "http://10.0.0.1:9000/a" },
  ],
  ["unwatch 3", { type: "unwatch", watch_id: 3 }],
  ["query alerts --watch-id 3 --k 5", { type: "query alerts", watch_id: 3, k: 5 }],
  ["query roster", { type: "query roster" }],
  ["expel agent h3", { type: "expel agent", agent: "h3" }],
  ["rename agent h3 web", { type: "rename agent", agent: "h3", name: "web" }],
  ["delete sketch --sketch 2", { type: "delete sketch", sketch_id: 2 }],
  ["add leaf-agent 10.0.0.3", { type: "add leaf agent", agent_addr: "10.0.0.3" }],
];

describe("each subcommand sends its message and prints the answer as JSON", () => {
  test.each(sent)("%s", async (line, message) => {
    const agent = await agentSaying({ "10.0.0.6": 2 });
    const written = await tallytree(...line.split(" "), "--at", agent.at);
    expect(written).toEqual({ code: 0, out: '{\n  "10.0.0.6": 2\n}\n', err: "" });
    expect(agent.asked).toHaveLength(1);
    expect(agent.asked[0]).toMatchObject(message);
  });
});

describe("errors are one sentence on standard error and exit code 1", () => {
  const wrong: readonly (readonly [string, string])[] = [
    ["config sketch --proto foo", 'proto is "foo": give one of'],
    ["config sketch --dprt 80", "unknown option '--dprt'"],
    ["query heavy-hitters --sketch zero --key src", 'sketch_id is "zero": give a whole number'],
    ["query heavy-hitters --sketch 0", "required option '--key <text>' not specified"],
    ["query heavy-hitters --sketch 0 --key source", 'counter_key_type is "source"'],
    [
      "query heavy-hiters --sketch 0 --key src",
      "unknown command 'heavy-hiters' (Did you mean heavy-hitters?)",
    ],
    ["query bw 10.0.0.5 10.0.0.6 more", "too many arguments"],
    ["watch --sketch 0 --key src", "above is missing: give above or below"],
    ["qery", "unknown command 'qery' (Did you mean query?)"],
    ["query status --at 10.0.0.300", '--at is "10.0.0.300": give an agent such as'],
    ["up --port 70000", "--port is 70000: give a port from 1 to 65535"],
    ["up --tap wifi", "argument 'wifi' is invalid"],
  ];

  test.each(wrong)("%s", async (line, sentence) => {
    const { code, out, err } = await tallytree(...line.split(" "));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^tallytree: .*\n$/);
    expect(err).toContain(sentence);
  });

  test("what the agent says is passed on", async () => {
    const agent = await agentSaying(
      new TallyError("not_found", "sketch_id is 7: no such sketch", { field: "sketch_id" }),
    );
    const written = await tallytree("delete", "sketch", "--sketch", "7", "--at", agent.at);
    expect(written).toEqual({ code: 1, out: "", err: "tallytree: sketch_id is 7: no such sketch\n" });
  });

  test("nobody there", async () => {
    const agent = await startFakeAgent(() => 1);
    await agent.close();
    const { code, err } = await tallytree("query", "status", "--at", agent.at);
    expect(code).toBe(1);
    expect(err).toContain(`cannot reach an agent at ${agent.at}`);
  });
});

describe("help reads like a manual page", () => {
  const pages = [
    "",
    "config",
    "query",
    "delete",
    "add",
    "up",
    ...sent.map(([line]) =>
      line
        .split(" ")
        .slice(0, 2)
        .filter((word) => /^[a-z]/.test(word))
        .join(" "),
    ),
  ];

  test.each([...new Set(pages)])("tallytree %s --help", async (line) => {
    const { code, out, err } = await tallytree(...line.split(" ").filter(Boolean), "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const titles = out.match(/^[A-Z ]+$/gm) ?? [];
    for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS"]) {
      expect(titles).toContain(title);
    }
    expect(out).toMatch(new RegExp(`^SYNOPSIS\n +tallytree ?${line}`, "m"));
    expect(Math.max(...out.split("\n").map((text) => text.length))).toBeLessThan(100);
  });

  test("fields only agents send are not offered", async () => {
    const { out } = await tallytree("config", "sketch", "--help");
    expect(out).toContain("--dport <number>");
    for (const field of ["uuid", "secret", "budget", "--path", "--form"]) expect(out).not.toContain(field);
  });

  test("an incomplete command shows its page as an error", async () => {
    const { code, err } = await tallytree("query");
    expect(code).toBe(1);
    expect(err).toContain("tallytree query heavy-hitters");
    expect(err).toContain("tallytree: a command is missing, see above\n");
  });
});
