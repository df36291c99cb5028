// Hosts that have nftables and no iptables: the rules stand in a table of our own, and all else holds as well.
// Kernels without nftables' queue expression show it by the nflog tap; for the inline tap see test/machine.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Host, type Running, until } from "../lab.js";
import { Network, program } from "../lab-network.js";
import { buildLiveSource, guard, killAll, liveSource } from "./firewall.js";
import {
  countsPings,
  isGone,
  ownTable,
  stands,
  targets,
  tellsTheGap,
  withoutFirewall,
  withoutIptables,
} from "./owned-table.js";

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

const table = () => ownTable(network.lab, own);
const nft = (...words: readonly string[]) => network.lab.must(own, "nft", ...words);
const hidden = () => withoutIptables(network.lab);
const start = () => network.startMonitor(own, ["--tap", "nflog"], hidden());
const clean = () => network.lab.must(own, ...hidden(), guard, "--clean");
const startSource = (): Promise<Running> =>
  network.lab.spawn(own, [...hidden(), ...liveSource("nflog")], { ready: /ready/ });

async function makeForeign(): Promise<void> {
  await nft("add", "table", "inet", "foreign");
  await nft("add chain inet foreign in { type filter hook input priority 5; }");
  await nft("add rule inet foreign in udp dport 9 counter drop");
  await nft("add", "table", "ip", "tallytree");
}

it("counts both ways and both families, by rules that only log", async () => {
  await start();
  await network.startAgent(own);
  expect(targets(await table())).toEqual(Array(2).fill(expect.stringMatching(/^log group \d+$/)));
  expect(await table()).toMatch(/hook input priority mangle; policy accept;/);
  expect(await table()).not.toMatch(/drop|reject|queue/);
  await countsPings(network, own, peer);
});

it("notices when others flush everything, puts the rules back, and tells the gap", async () => {
  const monitor = await start();
  await network.startAgent(own);
  await tellsTheGap(network, own, peer);
  expect(await monitor.stop()).toBe(0);
  await isGone(network, own, peer);
});

it("takes its table away when the monitor is killed", async () => {
  const monitor = await start();
  await monitor.stop("SIGKILL");
  await isGone(network, own, peer);
});

it("leaves what others have as it was, every time", async () => {
  await makeForeign();
  const before = await nft("-s", "list", "ruleset");
  for (let cycle = 0; cycle < (long ? 100 : 5); cycle++) {
    const source = await startSource();
    expect(stands(await table())).toBe(true);
    expect(await source.stop()).toBe(0);
    expect(await nft("-s", "list", "ruleset")).toBe(before);
  }
});

it("leaves nothing that the next start does not take, wherever it was killed", {
  timeout: 200 * minute,
}, async () => {
  for (let point = 0; point < (long ? 200 : 10); point++) {
    const source = await network.lab.spawn(
      own,
      [...hidden(), ...liveSource("nflog")],
      point % 2 === 0 ? {} : { ready: /ready/ },
    );
    // Every second one is about to remove its rules by itself.
    if (point % 2 === 1) process.kill(source.pid, "SIGTERM");
    await sleep(150 * Math.random());
    killAll(own);
    await source.stop("SIGKILL");
    if (point % 4 < 2) await clean();
    else expect(await (await startSource()).stop()).toBe(0);
    expect(await table()).toBe("");
  }
});

it("takes what an earlier run left also where iptables was installed since", async () => {
  const source = await startSource();
  killAll(own);
  await source.stop("SIGKILL");
  expect(stands(await table())).toBe(true);
  await network.lab.must(own, guard, "--clean");
  expect(await table()).toBe("");
});

it("knows what it lost at the end of a burst, by the counters of its rules", async () => {
  const sent = 600_000;
  const source = await startSource();
  process.kill(source.pid, "SIGSTOP");
  await network.flood(peer, { to: own.address, dport: 9, count: sent });
  process.kill(source.pid, "SIGCONT");
  await sleep(2000);
  expect(await source.stop()).toBe(0);
  const { lost, counts } = JSON.parse(source.stdout()) as {
    lost: { socket: number };
    counts: Record<string, { packets: number } | undefined>;
  };
  const besides = (counts["input 17"]?.packets ?? 0) + lost.socket - sent;
  expect([lost.socket > 1000, besides >= 0, besides < 1000]).toEqual([true, true, true]);
});

it("is degraded while its table belongs to another program, says so, and counts when it may", async () => {
  await start();
  await network.startAgent(own);
  const holder = await network.lab.spawn(own, ["nft", "-i"], {
    onStart: ({ stdin }) => stdin?.write(`${owning.join("; ")}\n`),
    ready: /flags owner/,
  });
  const degraded = async () => {
    const { monitor } = (await network.ask(own, { type: "query status" })) as { monitor: object };
    return "degraded" in monitor ? monitor : undefined;
  };
  expect(await until("the monitor to be degraded", degraded)).toMatchObject({
    state: "up",
    degraded: expect.stringMatching(/^nft could not change the table inet tallytree: .*not permitted/),
    loss: { complete: false },
  });
  await holder.stop();
  await until("the monitor to be whole", async () => ((await degraded()) === undefined ? true : undefined));
  expect(stands(await table())).toBe(true);
  await countsPings(network, own, peer);
});

/** Takes the table's name in the moment in which it is free, for as long as the program runs. */
const owning = ["delete table inet tallytree", "add table inet tallytree { flags owner; }", "list ruleset"];

it("takes no base chain out while another program reads a queue, for that drops what waits there", async () => {
  await network.lab.spawn(own, ["python3", "-c", hold], { ready: /bound/ });
  await nft("add", "table", "ip", "foreign");
  await network.lab.must(own, "iptables", ...queueing);
  const waiting = async () => {
    const queues = await network.lab.must(own, "cat", "/proc/net/netfilter/nfnetlink_queue");
    return Number(/^\s*77\s+\d+\s+(\d+)/m.exec(queues)?.[1]);
  };
  const source = await startSource();
  await network.lab.run(peer, "ping", "-q", "-c", "3", "-i", "0.01", "-W", "1", own.address);
  expect(await waiting()).toBe(3);
  expect(await source.stop()).toBe(0);
  expect(await waiting()).toBe(3);
  expect(await table()).toMatch(/chain output/);
  expect(targets(await table())).toEqual([]);
  await network.lab.must(own, "iptables", "-t", "raw", "-F");
});

const queueing = ["-t", "raw", "-A", "PREROUTING", "-p", "icmp", "-j", "NFQUEUE", "--queue-num", "77"];

/** Binds queue 77 and never gives a verdict. */
const hold = `import socket, struct, time
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
def config(kind, body):
    head = struct.pack("=BBH", 0, 0, socket.htons(77)) + struct.pack("=HH", 4 + len(body), kind) + body
    head += bytes(-len(head) % 4)
    s.send(struct.pack("=IHHII", 16 + len(head), 3 << 8 | 2, 1, 0, 0) + head)
config(1, struct.pack("!BBH", 1, 0, 2))
config(2, struct.pack("!IB", 64, 2))
print("bound", flush=True)
time.sleep(600)`;

it("says what is missing where there is neither", async () => {
  const argv = [...program("monitor"), "--socket", `${network.lab.folder}/h1.sock`, "--tap", "nfqueue"];
  const { status, stderr } = await network.lab.run(own, ...withoutFirewall(network.lab), ...argv);
  expect(status).toBe(1);
  expect(stderr).toMatch(/neither iptables nor nft is installed/);
});
