// A host that has nft and no iptables: how programs are started in one, and what a tap with rules must do there.

import { existsSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Host, type Lab, until } from "../lab.js";
import type { Network } from "../lab-network.js";

const tools = ["iptables", "ip6tables", "iptables-nft", "iptables-legacy"].map((name) => `/usr/sbin/${name}`);

/** A command to which these tools are not installed. */
function without(lab: Lab, paths: readonly string[]): readonly string[] {
  const none = join(lab.folder, "none");
  writeFileSync(none, "");
  const files = new Set(paths.filter((path) => existsSync(path)).map((path) => realpathSync(path)));
  const hide = [...files].map((file) => `mount --bind ${none} ${file} && `).join("");
  return ["sh", "-c", `${hide}exec "$@"`, "sh"];
}

export const withoutIptables = (lab: Lab) => without(lab, tools);
export const withoutFirewall = (lab: Lab) => without(lab, [...tools, "/usr/sbin/nft"]);

/** The table as nft shows it; "" when there is none. */
export async function ownTable(lab: Lab, host: Host): Promise<string> {
  const listed = await lab.must(host, "nft", "list", "ruleset", "inet");
  return /^table inet tallytree \{\n.*?^\}\n/ms.exec(listed)?.[0] ?? "";
}

/** What its rules with a counter do: one in each of the two chains. */
export const targets = (table: string): readonly string[] =>
  [...table.matchAll(/^\s*counter packets \d+ bytes \d+ (.*)$/gm)].map(([, target = ""]) => target);

export const stands = (table: string): boolean => targets(table).length === 2;

const total = async (network: Network, host: Host, sketch_id: number) =>
  network.ask(host, { type: "query sketch", sketch_id, counter_key_type: "src", counter_key: "total" });

/** Both ways and both families, to the packet. */
export async function countsPings(network: Network, own: Host, peer: Host): Promise<void> {
  const six = { proto: "icmpv6", filter: "ip6[40] = 128 or ip6[40] = 129" };
  const ids: number[] = [];
  for (const sketch of [{ proto: "icmp" }, six])
    for (const direction of ["INPUT", "OUTPUT"])
      ids.push(await network.count(own, { ...sketch, interface: direction }));
  await network.ping(peer, own.address, 9);
  await network.ping(own, peer.address6, 7);
  const counted: unknown[] = [];
  for (const id of ids) counted.push(await total(network, own, id));
  expect(counted).toEqual([9, 9, 7, 7]);
}

/** Somebody flushes everything: the rules come back, and the answers tell since when they were away. */
export async function tellsTheGap(network: Network, own: Host, peer: Host): Promise<void> {
  const id = await network.count(own, { proto: "icmp" });
  await network.ping(peer, own.address, 5);
  const from = Date.now() / 1000;
  await network.lab.must(own, "nft", "flush", "ruleset");
  await until("the rules to be back", async () =>
    stands(await ownTable(network.lab, own)) ? true : undefined,
  );
  const loss = await until("the gap to be told", async () => {
    const told = await network.loss(own);
    return told.gaps.at(-1)?.to === undefined ? undefined : told;
  });
  const gap = loss.gaps.at(-1);
  expect([loss.complete, gap?.reason]).toEqual([false, "flushed"]);
  expect(gap?.from).toBeGreaterThan(from - 1);
  expect(gap?.to).toBeLessThan(Date.now() / 1000);
  await network.ping(peer, own.address, 7);
  expect(await total(network, own, id)).toBe(12);
}

/** The table goes, whatever ended the monitor, and traffic with it or without. */
export async function isGone(network: Network, own: Host, peer: Host): Promise<void> {
  await network.ping(peer, own.address, 5);
  await until("the table to go", async () => ((await ownTable(network.lab, own)) === "" ? true : undefined));
  await network.ping(peer, own.address, 5);
}
