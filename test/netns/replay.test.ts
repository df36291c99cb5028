// tallytree replay on files of tcpdump: the answers of the host that counted the same packets live, in every form of
// file, without privileges; and what it says of a file that breaks off.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host, Outcome } from "../lab.js";
import { Network, program } from "../lab-network.js";

let network: Network;
let own: Host;
let peer: Host;
let whole: string;
let id: number;

const path = (name: string) => join(network.lab.folder, name);
const withoutPrivileges = ["setpriv", "--inh-caps", "-all", "--bounding-set", "-all"];

const replay = (file: string, ...args: readonly string[]): Promise<Outcome> =>
  network.lab.run(
    own,
    ...withoutPrivileges,
    ...program("controller-client/cli/main"),
    "replay",
    file,
    ...args,
  );

async function replayed(file: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = await replay(file, ...args, "--json");
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as { packets: number; bytes: number; answers: Record<string, unknown>[] };
}

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  await network.start(own);
  whole = path("whole.pcap");
  const tcpdump = (device: string, file: string, ...args: readonly string[]) => {
    const argv = ["tcpdump", "-i", device, "--immediate-mode", "-U", "-Z", "root", "-w", file, ...args];
    return network.lab.spawn(own, argv, { ready: /listening on/ });
  };
  id = await network.count(own, { proto: "udp" }, { counter_key_type: "src_sport_dport" });
  const dumps = [await tcpdump("eth0", whole, "-Q", "in"), await tcpdump("any", path("cooked.pcap"))];
  await network.udp(peer, { to: own.address, sport: 5000, dport: 53, count: 30, size: 60 });
  await network.udp(peer, { to: own.address6, sport: 5001, dport: 54, count: 25, size: 900 });
  await network.udp(peer, { to: own.address, sport: 5002, dport: 55, count: 5, size: 4000 });
  await network.ping(peer, own.address, 12);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await Promise.all(dumps.map((dump) => dump.stop("SIGINT")));
});
afterAll(() => network?.close());

it("answers as the host did that counted live", async () => {
  const keys = ["--key", "src_sport_dport", "--proto", "udp"];
  const asked = { sketch_id: id, counter_key_type: "src_sport_dport" };
  const { answers, packets } = await replayed(
    ...([whole, ...keys, "--query", "top", "--query", "distinct", "--query", "entropy"] as const),
  );
  const live = (type: string) => network.ask(own, { type, ...asked });
  expect(answers.map(({ value }) => value)).toEqual([
    await live("query top"),
    await live("query distinct"),
    await live("query entropy"),
  ]);
  // Fragments of the last five, which have no ports, besides those with keys.
  expect(packets).toBe(30 + 25 + 5 * 3);
  expect(answers[0]).toMatchObject({ exact: true, loss: { complete: true, unkeyed: 10, lost: { file: 0 } } });
});

it("reads gzip, Zstandard and standard input alike", async () => {
  const { answers } = await replayed(whole);
  writeFileSync(path("a.gz"), gzipSync(readFileSync(whole)));
  await network.lab.must(own, "zstd", "-q", whole, "-o", path("b.zst"));
  for (const name of ["a.gz", "b.zst"]) expect((await replayed(path(name))).answers).toEqual(answers);
  const shell = `zstd -dc ${path("b.zst")} | ${program("controller-client/cli/main").join(" ")} replay - --json`;
  const piped = JSON.parse(await network.lab.must(own, "sh", "-c", shell));
  expect(piped.answers).toEqual(answers);
});

it("counts what the file says went one way", async () => {
  const count = async (...args: string[]) =>
    (await replayed(path("cooked.pcap"), "--proto", "icmp", "--src", peer.address, ...args)).packets;
  expect(await count()).toBe(12);
  expect(await count("--interface", "INPUT")).toBe(12);
  expect(await count("--interface", "OUTPUT")).toBe(0);
});

it("takes the time from the file", async () => {
  // One TCP packet, put at four moments of long ago.
  const bytes = readFileSync("test/captures/plain-v4.pcap");
  const record = (seconds: number) => {
    const size = 16 + bytes.readUInt32LE(24 + 8);
    const copy = Buffer.from(bytes.subarray(24, 24 + size));
    copy.writeUInt32LE(seconds, 0);
    return copy;
  };
  writeFileSync(
    path("old.pcap"),
    Buffer.concat([bytes.subarray(0, 24), record(1000), record(1000), record(1030), record(1031)]),
  );
  const counts = async (...args: string[]) => {
    const { answers } = await replayed(path("old.pcap"), "--key", "proto", ...args);
    return Object.values(answers[0]?.value as Record<string, number>);
  };
  expect(await counts()).toEqual([4]);
  expect(await counts("--window", "1")).toEqual([1]);
  expect(await counts("--window", "2")).toEqual([2]);
  expect(await counts("--window", '{"from": 1000, "to": 1001}')).toEqual([2]);
  expect(await counts("--query", "change", "--window", "2", "--before", '{"from": 990, "to": 1001}')).toEqual(
    [],
  );
  expect(await counts("--query", "change", "--window", "1", "--before", '{"from": 990, "to": 1001}')).toEqual(
    [-1],
  );
});

it("says where a file breaks off, after what it counted", async () => {
  const bytes = readFileSync(whole);
  writeFileSync(path("cut.pcap"), bytes.subarray(0, bytes.length - 7));
  const { status, stdout, stderr } = await replay(path("cut.pcap"));
  expect(status).toBe(1);
  expect(stdout).toContain("lost: 1 by file");
  expect(stderr).toMatch(
    /^tallytree: .*cut\.pcap, at byte \d+: the file breaks off inside a packet; what came before is counted\n$/,
  );
  writeFileSync(path("cut.gz"), gzipSync(bytes).subarray(0, -20));
  expect((await replay(path("cut.gz"))).stderr).toContain("the gzip file breaks off; what came before");
});

it("refuses what is no capture file with its name", async () => {
  writeFileSync(path("rubbish"), Buffer.alloc(300, 7));
  const said = async (file: string) => (await replay(file)).stderr;
  expect(await said(path("rubbish"))).toMatch(
    /^tallytree: .*rubbish cannot be read: it is no capture file \(/,
  );
  expect(await said(path("nowhere"))).toMatch(/nowhere cannot be read: .*No such file/);
});
