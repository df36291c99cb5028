// The nflog tap reads copies at the firewall's place: its rules, what it counts there, and what it says it lost.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { descendants, type Host, type Running, until } from "../lab.js";
import { Network, program } from "../lab-network.js";
import { superPackets } from "./super-packets.js";

let network: Network;
let own: Host;
let peer: Host;
let monitor: Running;

beforeEach(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  monitor = await network.startMonitor(own, ["--tap", "nflog"]);
  await network.startAgent(own);
});
afterEach(() => network?.close());

const rules = async () =>
  (await network.lab.must(own, "iptables-save")) + (await network.lab.must(own, "ip6tables-save"));

interface Detail {
  readonly value: number;
  readonly loss: { readonly complete: boolean; readonly seen: number; readonly lost: Record<string, number> };
}

const count = async (sketch_id: number, counter_key = "total") =>
  (await network.ask(own, {
    ...{ type: "query sketch", sketch_id, counter_key_type: "src", counter_key, detail: true },
  })) as Detail;

/** What the firewall itself counted at our rule. */
async function atTheRule(chain: string): Promise<number> {
  const listed = await network.lab.must(own, "iptables", "-t", "mangle", "-vxnL", chain);
  return Number(/^\s*(\d+)\s+\d+\s+NFLOG/m.exec(listed)?.[1] ?? Number.NaN);
}

describe("its rules", () => {
  it("stand in chains of its own and only log", async () => {
    const ours = (await rules()).split("\n").filter((line) => /NFLOG|TALLYTREE/.test(line));
    expect(ours.filter((line) => line.includes("-j NFLOG")).length).toBe(4);
    expect(ours.join("\n")).not.toMatch(/NFQUEUE|ACCEPT|DROP/);
    expect(descendants(monitor.pid)).toEqual(["tallytree-guard"]);
  });

  it("go when the monitor is stopped or killed, and leave those of others", async () => {
    const mine = [
      "-t",
      "mangle",
      "-A",
      "INPUT",
      "-p",
      "tcp",
      "--dport",
      "9",
      "-j",
      "MARK",
      "--set-mark",
      "7",
    ];
    await network.lab.must(own, "iptables", ...mine);
    await monitor.stop("SIGKILL");
    await until("the rules to go", async () => (/NFLOG|TALLYTREE/.test(await rules()) ? undefined : true));
    expect(await rules()).toMatch(/--dport 9 -j MARK/);
    const again = await network.startMonitor(own, ["--tap", "nflog"]);
    expect(await rules()).toMatch(/NFLOG/);
    expect(await again.stop()).toBe(0);
    expect(await rules()).not.toMatch(/NFLOG|TALLYTREE/);
  });
});

it("sees loopback, for sketches that name it", async () => {
  const id = await network.count(own, { device: "lo", proto: "icmp" });
  const other = await network.count(own, { proto: "icmp" });
  await network.ping(own, "127.0.0.1", 7);
  expect((await count(id)).value).toBe(14);
  expect((await count(other)).value).toBe(0);
});

it("never makes a packet wait, not even while it hangs; then it counts them or says what it lost", async () => {
  await monitor.stop();
  monitor = await network.startMonitor(own, ["--tap", "nflog", "--ring", "1"]);
  const id = await network.count(own, { proto: "udp" });
  const sent = process.env.TALLYTREE_LONG === "1" ? 1_000_000 : 60_000;
  const before = await atTheRule("TALLYTREE-IN");
  process.kill(monitor.pid, "SIGSTOP");
  await network.flood(peer, { to: own.address, dport: 9, count: sent });
  const ping = await network.lab.run(peer, "ping", "-q", "-c", "50", "-i", "0.01", "-W", "1", own.address);
  process.kill(monitor.pid, "SIGCONT");
  expect(ping.stdout).toContain("50 received");
  await network.flood(peer, { to: own.address, dport: 9, count: 500 });
  const { value, loss } = await count(id);
  const atRule = (await atTheRule("TALLYTREE-IN")) - before;
  const lost = loss.lost.socket ?? 0;
  expect(lost).toBeGreaterThan(1000);
  expect(loss.complete).toBe(false);
  // What passed besides: pings, what the agent was asked, errors that our datagrams met.
  const besides = value + lost - sent - 500;
  expect([besides >= 0, besides < 1000, atRule >= sent + 550]).toEqual([true, true, true]);
});

it("keeps its books to the packet, at five rates", async () => {
  const id = await network.count(own, { proto: "udp", dport: 9 });
  const before = await atTheRule("TALLYTREE-IN");
  const start = (await count(id)).loss;
  let sent = 0;
  for (const burst of [10, 100, 1000, 5000, 20_000]) {
    await network.flood(peer, { to: own.address, dport: 9, count: burst });
    sent += burst;
  }
  const { value, loss } = await count(id);
  expect([value, loss.complete]).toEqual([sent, true]);
  expect(loss.seen - start.seen).toBeGreaterThanOrEqual((await atTheRule("TALLYTREE-IN")) - before - 100);
});

it("counts super-packets as those of the wire, by the device's MTU", async () => {
  const sent = await network.count(own, { interface: "OUTPUT", proto: "tcp", dport: 5201 });
  const packets = await superPackets(network, own, peer);
  const { value } = await count(sent);
  expect(Math.abs(value - packets) / packets).toBeLessThan(0.01);
});

it("does not start when another program reads its group", async () => {
  const socket = `${network.lab.folder}/second.sock`;
  const { status, stderr } = await network.lab.run(
    own,
    ...program("monitor"),
    "--socket",
    socket,
    "--tap",
    "nflog",
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/binding an NFLOG group \(does another program use that group number\?\)/);
  expect(await rules()).toMatch(/NFLOG/);
});
