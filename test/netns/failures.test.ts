// Programs that cannot start say why in one sentence, exit with 1 and leave nothing behind.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network, program } from "../lab-network.js";

let network: Network;
let own: Host;
let socket: string;

beforeEach(() => {
  network = new Network(1);
  own = network.host(0);
  socket = join(network.lab.folder, "h1.sock");
});
afterEach(() => network?.close());

/** One line on standard error that matches, status 1, no socket, no rules. */
async function fails(argv: readonly string[], sentence: RegExp): Promise<void> {
  const { status, stdout, stderr } = await network.lab.run(own, ...argv);
  const said = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  expect(said.join("\n")).toMatch(sentence);
  expect([status, stdout]).toEqual([1, ""]);
  expect(said[0]?.length).toBeLessThan(400);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(readdirSync(network.lab.folder).filter((name) => name.endsWith(".sock"))).toEqual([]);
  expect(await network.lab.must(own, "iptables-save")).not.toMatch(/NFQUEUE|tally/i);
}

/** A shell line that ends in the program; only the test itself uses a shell. */
const after = (line: string, argv: readonly string[]) => ["sh", "-c", `${line} && exec "$@"`, "sh", ...argv];
const monitor = (...options: readonly string[]) => [...program("monitor"), "--socket", socket, ...options];
const agent = (...options: readonly string[]) => [...program("agent"), "--monitor", socket, ...options];

describe("the monitor", () => {
  const unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

  it.each(["packet", "nfqueue", "nflog", "pcap"])("without the privilege for the %s tap", async (tap) => {
    const needed = tap.startsWith("nf") ? /CAP_NET_ADMIN/ : /CAP_NET_RAW/;
    await fails([...unprivileged, ...monitor("--tap", tap)], needed);
  });

  it("without the add-on", async () => {
    const empty = join(network.lab.folder, "empty");
    mkdirSync(empty);
    const release = join(import.meta.dirname, "..", "..", "build", "Release");
    await fails(after(`mount --bind ${empty} ${release}`, monitor()), /npm run setup/);
  });

  it.each([
    ["--tap", "wifi", /packet, nfqueue/],
    ["--queue", "70000", /0 to 65535/],
    ["--memory", "none", /whole number/],
    ["--group", "nobody-at-all", /no such group/],
    ["--nonsense", "1", /unknown option/],
  ])("with %s %s", (option, value, sentence) => fails(monitor(option, value), sentence));

  it("with a queue that another program reads", async () => {
    await network.startMonitor(network.host(0), ["--tap", "nfqueue"]);
    const { status, stderr } = await network.lab.run(
      own,
      ...program("monitor"),
      "--socket",
      `${socket}2`,
      "--tap",
      "nfqueue",
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/queue/i);
    expect(await network.lab.must(own, "iptables-save")).toMatch(/NFQUEUE/);
  });

  it("with a file where its socket should be", async () => {
    const path = join(network.lab.folder, "notes");
    writeFileSync(path, "");
    await fails([...program("monitor"), "--socket", path], /no socket/);
  });
});

describe("the agent", () => {
  it("on a port that is taken", async () => {
    const listener = ["nc", "-l", "-k", own.address, "8000"];
    await network.lab.spawn(own, listener);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fails(agent("--address", own.address, "--port", "8000"), /8000.*(taken|use)/i);
  });

  it.each([
    ["--address", "10.99.0.200", /10\.99\.0\.200/],
    ["--address", "nowhere", /address/],
    ["--port", "99999", /port/],
    ["--user", "no-such-user", /no-such-user/],
    ["--parent", "ftp://10.0.0.1", /parent/],
    ["--transport", "carrier-pigeon", /nats:/],
    ["--transport", "nats://", /nats:/],
    ["--nonsense", "1", /unknown option/],
  ])("with %s %s", (option, value, sentence) => fails(agent(option, value), sentence));

  it("says 503 while its monitor is away, and counts when it comes", async () => {
    const running = await network.startAgent(own);
    const config = { type: "config sketch", proto: "icmp" };
    const query = { type: "query sketch", sketch_id: 0, counter_key_type: "src", counter_key: "total" };
    await network.post(own, JSON.stringify(config), "application/json");
    await network.post(
      own,
      JSON.stringify({ ...query, type: "config sketch counter", counter_key: undefined }),
      "application/json",
    );
    const { status, value } = await network.post(own, JSON.stringify(query), "application/json");
    expect(status).toBe(503);
    expect(JSON.stringify(value)).toMatch(/tallytree-monitor/);
    expect(await running.stop()).toBe(0);
  });
});

it.each(["monitor", "agent"] as const)("--help of the %s is a manual page", async (name) => {
  const { status, stdout } = await network.lab.run(own, ...program(name), "--help");
  expect(status).toBe(0);
  for (const part of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"])
    expect(stdout).toContain(part);
});
