// The firewall rules of the taps that have some: others' stay as they are, and what others do to ours is noticed.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";
import {
  buildLiveSource,
  filled,
  guard,
  killAll,
  legacyTools,
  liveSource,
  monitorArgv,
  ours,
  savedRules,
  stand,
  type Tools,
  withLegacy,
  withScript,
} from "./firewall.js";

const long = process.env.TALLYTREE_LONG === "1";
const minute = 60_000;

let network: Network;
let own: Host;
let peer: Host;

beforeAll(buildLiveSource, 10 * minute);
beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => network?.close());

const inline = ["--tap", "nfqueue"];
const taps = ["nfqueue", "nflog"] as const;
const kinds = taps.flatMap(
  (tap) =>
    [
      { tap, kind: "iptables-nft", tools: ["iptables", "ip6tables"] },
      { tap, kind: "iptables-legacy", tools: legacyTools },
    ] as const,
);

const loss = () => network.loss(own);
const rules = (tools?: Tools) => savedRules(network.lab, own, tools);

/** Flushes everything once just after rules were installed while a file `again` is there. */
const flushingOnce = (again: string) => `
as "$tool" "$@"
result=$?
if [[ $tool == ip6tables-restore ]] && [[ -e ${again} ]]; then
  as iptables -t mangle -F
  as ip6tables -t mangle -F
  rm ${again}
fi
exit $result
`;

const startLegacy = (options = inline): Promise<Running> =>
  network.lab.spawn(own, withLegacy(network.lab, monitorArgv(network.lab, options)), {
    ready: /monitor is up/,
  });

const start = (kind: string, tap: string): Promise<Running> =>
  kind === "iptables-legacy" ? startLegacy(["--tap", tap]) : network.startMonitor(own, ["--tap", tap]);

describe.each(kinds)("the $tap tap beside others' rules of $kind", ({ tap, kind, tools }) => {
  const cycles = long ? 100 : 5;
  const argv =
    kind === "iptables-legacy"
      ? (plain: readonly string[]) => withLegacy(network.lab, plain)
      : (plain: readonly string[]) => plain;

  it(`leaves them byte by byte as they were, ${cycles} times`, { timeout: cycles * minute }, async () => {
    await makeForeign(tools);
    const before = await rules(tools);
    const sets = await network.lab.must(own, "nft", "-s", "list", "ruleset");
    for (let cycle = 0; cycle < cycles; cycle++) {
      const source = await network.lab.spawn(own, argv(liveSource(tap)), { ready: /ready/ });
      expect(stand(await rules(tools))).toBe(true);
      expect(await source.stop()).toBe(0);
      expect(await rules(tools)).toBe(before);
    }
    expect(await network.lab.must(own, "nft", "-s", "list", "ruleset")).toBe(sets);
  });

  it("notices when others flush the table, puts them back, and tells the gap", async () => {
    const monitor = await start(kind, tap);
    await network.startAgent(own);
    const id = await network.count(own, { proto: "icmp" });
    await network.count(own, { proto: "icmp", interface: "OUTPUT" });
    await network.ping(peer, own.address, 5);
    const from = Date.now() / 1000;
    for (const tool of tools) await network.lab.must(own, tool, "-t", "mangle", "-F");
    await until("the rules to be back", async () => (stand(await rules(tools)) ? true : undefined));
    await until("the gap to be told", async () => {
      const { gaps } = await loss();
      return gaps.length > 0 && gaps.every(({ to }) => to !== undefined) ? true : undefined;
    });
    const to = Date.now() / 1000;
    const { complete, gaps } = await loss();
    expect(complete).toBe(false);
    expect(gaps.length).toBeLessThanOrEqual(tools.length); // two when a table was back before the other was flushed
    for (const gap of gaps) expect(gap.reason).toBe("flushed");
    expect(gaps[0]?.from).toBeGreaterThan(from - 1);
    expect(gaps.at(-1)?.to).toBeLessThan(to);
    await network.ping(peer, own.address, 7);
    const ask = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: "total" };
    expect(await network.ask(own, ask)).toBe(12);
    expect(await monitor.stop()).toBe(0);
    expect(ours(await rules(tools))).toEqual([]);
  });
});

it("notices that others flush again while it puts the rules back", async () => {
  const again = join(network.lab.folder, "again");
  await network.lab.spawn(
    own,
    withScript(network.lab, monitorArgv(network.lab, inline), flushingOnce(again)),
    {
      ready: /monitor is up/,
    },
  );
  await network.startAgent(own);
  await network.count(own, { proto: "icmp" });
  await network.count(own, { proto: "icmp", interface: "OUTPUT" });
  writeFileSync(again, "");
  await network.lab.must(own, "iptables", "-t", "mangle", "-F");
  await until("the second flush", () => (existsSync(again) ? undefined : true));
  await until("the rules to be back", async () => (stand(await rules()) ? true : undefined));
  const ended = async () => (await loss()).gaps.filter(({ to }) => to !== undefined);
  await until("both gaps to end", async () => ((await ended()).length === 2 ? true : undefined));
  const { gaps } = await loss();
  expect(gaps.map(({ reason }) => reason)).toEqual(["flushed", "flushed"]);
});

/** As Docker and ufw leave them, in the tables we use and in others. */
async function makeForeign([four, six]: readonly [string, string]): Promise<void> {
  const text = `*mangle
:FOREIGN - [0:0]
-A INPUT -p tcp -m tcp --dport 9 -j MARK --set-xmark 0x7/0xffffffff
-A INPUT -j FOREIGN
-A OUTPUT -j FOREIGN
-A FOREIGN -m comment --comment "not yours" -j RETURN
COMMIT
*filter
:DOCKER - [0:0]
-A INPUT -p udp -m udp --dport 5353 -j DROP
-A FORWARD -j DOCKER
COMMIT
`;
  const file = join(network.lab.folder, "foreign");
  writeFileSync(file, text);
  for (const tool of [four, six]) await network.lab.must(own, `${tool}-restore`, "--noflush", file);
  await network.lab.must(own, "nft", "add", "table", "inet", "foreign");
  await network.lab.must(own, "nft", "add chain inet foreign in { type filter hook input priority 5; }");
  await network.lab.must(own, "nft", "add rule inet foreign in udp dport 9 counter drop");
}

describe("while another program holds the lock of xtables", () => {
  const seconds = long ? 60 : 3;

  /** Holds it until it is stopped. */
  const hold = () => {
    const held = `echo held; exec sleep ${2 * seconds + 60}`;
    const argv = ["flock", "--no-fork", join(network.lab.folder, "xtables.lock"), "sh", "-c", held];
    return network.lab.spawn(own, argv, { ready: /held/ });
  };

  it("starts degraded, says so, and counts when it may", { timeout: 3 * minute }, async () => {
    withLegacy(network.lab, []);
    const holder = await hold();
    await startLegacy();
    await network.startAgent(own);
    await sleep(1000 * seconds);
    const { monitor } = (await network.ask(own, { type: "query status" })) as { monitor: object };
    expect(monitor).toMatchObject({
      state: "up",
      degraded: expect.stringMatching(/lock/i),
      loss: { complete: false },
    });
    for (const direction of ["INPUT", "OUTPUT"])
      await network.count(own, { proto: "udp", interface: direction });
    expect((await loss()).gaps).toMatchObject([{ reason: "locked" }]);
    await holder.stop();
    await until("the rules", async () => (stand(await rules(legacyTools)) ? true : undefined), minute);
    await network.count(own, { proto: "icmp" });
    await until("the gap to end", async () => ((await loss()).gaps[0]?.to === undefined ? undefined : true));
    expect((await loss()).gaps).toMatchObject([{ reason: "locked" }]);
  });

  it("answers in time while it keeps a direction out, tells that, and counts it when it may", {
    timeout: 3 * minute,
  }, async () => {
    await startLegacy();
    await network.startAgent(own);
    await network.count(own, { proto: "udp", interface: "INPUT" });
    const holder = await hold();
    const asked = Date.now();
    const id = await network.count(own, { proto: "icmp", interface: "OUTPUT" });
    expect(Date.now() - asked).toBeLessThan(3000);
    expect((await loss()).gaps).toMatchObject([{ reason: "locked" }]);
    await network.ping(peer, own.address, 3);
    await holder.stop();
    await until("the gap to end", async () => ((await loss()).gaps[0]?.to === undefined ? undefined : true));
    expect(stand(await rules(legacyTools))).toBe(true);
    await network.ping(peer, own.address, 7);
    const ask = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: own.address };
    expect(await network.ask(own, ask)).toBe(7);
  });

  it("lets traffic go on when the monitor hangs, and counts on when it does not", {
    timeout: 3 * minute,
  }, async () => {
    const monitor = await startLegacy();
    const holder = await hold();
    process.kill(monitor.pid, "SIGSTOP");
    await sleep(1500);
    await network.ping(peer, own.address, 20);
    process.kill(monitor.pid, "SIGCONT");
    await network.ping(peer, own.address, 20);
    await sleep(1000 * seconds);
    await holder.stop();
    expect(await monitor.stop()).toBe(0);
  });
});

it("takes away what an earlier run left in the table that iptables does not write to now", async () => {
  const monitor = await startLegacy();
  killAll(own);
  await monitor.stop("SIGKILL");
  expect(filled(await rules(legacyTools))).toBe(true);
  await network.lab.must(own, guard, "--clean");
  expect(ours(await rules(legacyTools))).toEqual([]);
});
