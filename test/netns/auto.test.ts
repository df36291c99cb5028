// --tap auto: the best tap that works here, and why, in the log and in the status.

import { afterEach, beforeEach, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network, program } from "../lab-network.js";

let network: Network;
let own: Host;
let peer: Host;

beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => network?.close());

/** Starts a monitor that has only these capabilities, and an agent; says which tap it chose and why. */
async function chosen(capabilities: string, ...options: readonly string[]) {
  const wrapper = ["setpriv", "--bounding-set", capabilities, "--inh-caps", "-all"];
  const monitor = await network.startMonitor(own, ["--tap", "auto", ...options], wrapper);
  await network.startAgent(own);
  const { monitor: status } = (await network.ask(own, { type: "query status" })) as {
    readonly monitor: { readonly tap: string; readonly tap_why: string };
  };
  const [line = ""] = monitor
    .stderr()
    .split("\n")
    .filter((text) => text.includes("monitor is up"));
  expect(JSON.parse(line)).toMatchObject({ tap: status.tap, why: status.tap_why });
  const id = await network.count(own, { proto: "icmp" });
  await network.ping(peer, own.address, 12);
  const asked = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: peer.address };
  expect(await network.ask(own, asked)).toBe(12);
  return status;
}

it("takes the packet tap where everything is allowed", async () => {
  const { tap, tap_why } = await chosen("+all");
  expect([tap, tap_why]).toEqual(["packet", "it sees all traffic at the least cost"]);
});

it("takes the nflog tap where raw sockets are not allowed, and says so", async () => {
  const { tap, tap_why } = await chosen("-net_raw");
  expect(tap).toBe("nflog");
  expect(tap_why).toMatch(/^the packet tap needs the privilege to read packets: .*CAP_NET_RAW/);
});

it("takes the pcap tap when a filter is given, for the others have none", async () => {
  const { tap, tap_why } = await chosen("+all", "--filter", "icmp");
  expect([tap, tap_why]).toEqual(["pcap", "the packet and nflog taps have no --filter"]);
});

it("says of each why not when none works", async () => {
  const socket = `${network.lab.folder}/none.sock`;
  const argv = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"];
  const options = ["--socket", socket, "--tap", "auto"];
  const { status, stderr } = await network.lab.run(own, ...argv, ...program("monitor"), ...options);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^tallytree-monitor: no tap works here: the packet tap needs .*; the nflog tap needs .*; the pcap tap needs /,
  );
});
