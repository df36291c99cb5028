// Taps with firewall rules take the packets of those directions alone that a sketch asks for, and lose none by a change.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MonitorClient } from "../../monitor/client.js";
import type { Host } from "../lab.js";
import { until } from "../lab.js";
import { Network } from "../lab-network.js";
import { buildStream, receive, send, streamPort } from "../lab-stream.js";
import { ownTable, withoutIptables } from "./owned-table.js";

const minute = 60_000;
const ms = 5000;
const families = ["iptables", "ip6tables"] as const;

let network: Network;
let own: Host;
let peer: Host;
let client: MonitorClient;

beforeAll(buildStream, minute);
beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => {
  client?.close();
  return network?.close();
});

async function start(options: readonly string[], wrapper: readonly string[] = []): Promise<void> {
  await network.startMonitor(own, options, wrapper);
  client = new MonitorClient(join(network.lab.folder, `${own.name}.sock`));
}

const add = (uuid: string, direction: "INPUT" | "OUTPUT") =>
  client.addSketch(
    { uuid, secret: "00".repeat(16), filter: { interface: direction, proto: "udp", dport: 9 }, meta: {} },
    ms,
  );
const counted = async (uuid: string) => Number((await client.totals(uuid, ms)).packets);

async function seen(): Promise<number> {
  const { stats } = await client.stats(ms);
  return stats?.seen ?? Number.NaN;
}

/** What is sent to our rules, for each family. */
const input = ["INPUT", "INPUT", "SYNs of OUTPUT", "SYNs of OUTPUT"];
const both = ["INPUT", "INPUT", "OUTPUT", "OUTPUT"];

async function jumps(): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const tool of families)
    lines.push(...(await network.lab.must(own, tool, "-t", "mangle", "-S")).split("\n"));
  const found = lines.flatMap((line) => [...line.matchAll(/^-A (INPUT|OUTPUT) (.*)-m comment .*TALLYTREE/g)]);
  return found.map(([, hook = "", match = ""]) => `${match === "" ? "" : "SYNs of "}${hook}`).sort();
}

async function jumpsByNft(): Promise<readonly string[]> {
  const found = (await ownTable(network.lab, own)).matchAll(/^\s*(.*)jump measure_(input|output)/gm);
  const named = [...found].map(([, match, hook = ""]) => `${match ? "SYNs of " : ""}${hook.toUpperCase()}`);
  return [...named, ...named].sort();
}

const flood = (from: Host, to: Host, count: number) =>
  network.flood(from, { to: to.address, dport: 9, count });

const kinds = [
  { name: "nfqueue", options: ["--tap", "nfqueue"] },
  { name: "nfqueue, on two cores,", options: ["--tap", "nfqueue", "--cores", "2"] },
  { name: "nflog", options: ["--tap", "nflog"] },
] as const;

describe.each([...kinds, { name: "nflog, by nft,", options: ["--tap", "nflog"], nft: true }])(
  "the $name tap",
  ({ options, ...kind }) => {
    const standing = "nft" in kind ? jumpsByNft : jumps;
    const begin = () => start(options, "nft" in kind ? withoutIptables(network.lab) : []);
    const flush = async () => {
      if ("nft" in kind) return network.lab.must(own, "nft", "flush", "ruleset");
      for (const tool of families) await network.lab.must(own, tool, "-t", "mangle", "-F");
    };

    it("takes what sketches ask for, from the answer on, and counts it exactly", async () => {
      await begin();
      await flood(peer, own, 50);
      expect([await standing(), await seen()]).toEqual([[], 0]);
      await add("in", "INPUT");
      expect(await standing()).toEqual(input);
      const before = await seen();
      await flood(own, peer, 1000);
      await flood(peer, own, 70);
      expect(await counted("in")).toBe(70);
      expect((await seen()) - before).toBeLessThan(500);
      await add("out", "OUTPUT");
      expect(await standing()).toEqual(both);
      await flood(own, peer, 300);
      expect([await counted("in"), await counted("out")]).toEqual([70, 300]);
      await client.removeSketch("out", ms);
      expect(await standing()).toEqual(input);
      const after = await seen();
      await flood(own, peer, 1000);
      expect((await seen()) - after).toBeLessThan(500);
      await client.removeSketch("in", ms);
      expect(await standing()).toEqual([]);
    });

    it("has its rules put back for what is measured then", async () => {
      await begin();
      await add("in", "INPUT");
      await flush();
      const isBack = async (wanted: readonly string[]) =>
        (await standing()).join() === wanted.join() ? true : undefined;
      await until("the jumps of one direction", () => isBack(input));
      await add("out", "OUTPUT");
      await flush();
      await until("the jumps of both", () => isBack(both));
      await flood(own, peer, 30);
      expect(await counted("out")).toBe(30);
    });

    it("loses no packet by ten changes, and the books balance", { timeout: 2 * minute }, async () => {
      await begin();
      const filter = { interface: "INPUT", proto: "udp", dport: Number(streamPort) } as const;
      await client.addSketch({ uuid: "stream", secret: "00".repeat(16), filter, meta: {} }, ms);
      const [rate, count] = [20_000, 60_000];
      const arrived = await receive(network.lab, own);
      const sending = await send(network.lab, peer, own, rate, count);
      for (let change = 0; change < 5; change++) {
        await add("out", "OUTPUT");
        await client.removeSketch("out", ms);
      }
      await sending.ended;
      await sleep(300);
      expect((await arrived()).received).toBe(count);
      const { stats } = await client.stats(ms);
      if (stats === undefined) throw new Error("the tap has failed");
      const sum = (causes: Readonly<Record<string, number>>) =>
        Object.values(causes).reduce((all, n) => all + n, 0);
      expect(stats.gaps).toEqual([]);
      expect((await counted("stream")) + sum(stats.lost)).toBe(count);
      expect(stats.seen).toBe(stats.read + sum(stats.lost) + sum(stats.unparsed) + sum(stats.ignored));
    });
  },
);
