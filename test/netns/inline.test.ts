// The nfqueue tap sits in the data path: its rules, and that traffic goes on whatever happens to the monitor.

import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { afterEach, beforeEach, expect, it } from "vitest";
import { descendants, type Host, isRunning, until } from "../lab.js";
import { Network, type Station } from "../lab-network.js";

const rounds = process.env.TALLYTREE_LONG === "1" ? 10 : 1;
let network: Network;
let station: Station;
let own: Host;
let peer: Host;

beforeEach(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  station = await network.start(own, { tap: "nfqueue" });
});
afterEach(() => network?.close());

const rules = async () =>
  (await network.lab.must(own, "iptables-save")) + (await network.lab.must(own, "ip6tables-save"));

/** A long ping: 100 a second for `seconds`; the share of answers that came. */
async function received(seconds: number): Promise<number> {
  const count = seconds * 100;
  const { stdout } = await network.lab.run(
    peer,
    "ping",
    "-q",
    "-c",
    `${count}`,
    "-i",
    "0.01",
    "-W",
    "1",
    own.address,
  );
  return Number(/, (\d+) received/.exec(stdout)?.[1] ?? 0) / count;
}

it("puts its rules into chains of its own in the mangle table, with a way around a dead monitor", async () => {
  const saved = await rules();
  const queueing = saved.split("\n").filter((line) => line.includes("NFQUEUE"));
  expect(queueing.length).toBeGreaterThanOrEqual(4);
  for (const line of queueing) expect(line).toMatch(/--queue-bypass/);
  expect(saved.slice(0, saved.indexOf("NFQUEUE"))).toContain("*mangle");
  expect(saved).not.toMatch(/-A (INPUT|OUTPUT)[^\n]*NFQUEUE/);
});

it("has the guard beside it, and no shell", () => {
  expect(descendants(station.monitor.pid)).toEqual(["tallytree-guard"]);
  expect(descendants(station.agent.pid)).toEqual([]);
});

it("goes before others with all its threads, and the agent does not", () => {
  expect(priorities(station.monitor.pid)).toEqual(new Set(["-15"]));
  expect(priorities(station.agent.pid)).toEqual(new Set([`${getPriority()}`]));
});

/** Of a process's threads, as of nice(1): the 17th word behind the name in parentheses. */
function priorities(pid: number): ReadonlySet<string | undefined> {
  const threads = readdirSync(`/proc/${pid}/task`);
  const stats = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"));
  return new Set(stats.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]));
}

it("lets traffic go on when the monitor is killed", async () => {
  const share = received(3);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(await station.monitor.stop("SIGKILL")).toBe("SIGKILL");
  expect(await share).toBeGreaterThan(0.98);
  expect(await received(1)).toBe(1);
});

it("starts again whenever it was killed, and counts again", async () => {
  const id = await network.count(own, { proto: "icmp" });
  const ask = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: peer.address };
  let { monitor } = station;
  for (let round = 0; round < rounds; round++) {
    await monitor.stop("SIGKILL");
    expect(isRunning(monitor.pid)).toBe(false);
    monitor = await network.startMonitor(own, ["--tap", "nfqueue"]);
    await until("the agent to give the sketch again", async () => {
      const { status } = await network.post(own, JSON.stringify(ask), "application/json");
      return status === 200 ? true : undefined;
    });
    await network.ping(peer, own.address, 12);
    const { value, loss } = (await network.ask(own, { ...ask, detail: true })) as {
      value: number;
      loss: object;
    };
    expect(value).toBe(12);
    expect(loss).toMatchObject({ complete: false });
    const [gap] = (loss as { gaps: readonly object[] }).gaps.slice(-1);
    expect(gap).toMatchObject({ host: `${own.address}:8000`, reason: "restarted" });
  }
});
