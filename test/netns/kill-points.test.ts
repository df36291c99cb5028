// No rule is left behind that the next start does not take, wherever monitor and guard were killed.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Host, isRunning } from "../lab.js";
import { Network } from "../lab-network.js";
import { buildLiveSource, guard, killAll, liveSource, ours, savedRules, stand } from "./firewall.js";

const points = process.env.TALLYTREE_LONG === "1" ? 200 : 10;
const minute = 60_000;

let network: Network;
let own: Host;

beforeAll(buildLiveSource, 10 * minute);
beforeEach(() => {
  network = new Network(1);
  own = network.host(0);
});
afterEach(() => network?.close());

const rules = () => savedRules(network.lab, own);

describe.each(["nfqueue", "nflog"])("kill points of the %s tap", (tap) => {
  it(`leaves no rule behind that the next start does not take, ${points} times`, {
    timeout: points * minute,
  }, async () => {
    for (let point = 0; point < points; point++) {
      const source = await network.lab.spawn(own, liveSource(tap), point % 2 === 0 ? {} : { ready: /ready/ });
      // Every second one is about to remove its rules by itself.
      if (point % 2 === 1) process.kill(source.pid, "SIGTERM");
      await sleep(150 * Math.random());
      killAll(own);
      await source.stop("SIGKILL");
      await (point % 4 < 2 ? nextOfAnotherTap() : nextOfThisTap());
      expect(ours(await rules())).toEqual([]);
    }
  });

  /** What a monitor runs at its start, whatever its tap. */
  const nextOfAnotherTap = () => network.lab.must(own, guard, "--clean");

  async function nextOfThisTap(): Promise<void> {
    const next = await network.lab.spawn(own, liveSource(tap), { ready: /ready/ });
    expect(stand(await rules())).toBe(true);
    expect(await next.stop()).toBe(0);
  }
});

it("waits for what a killed guard still runs before it looks for leftovers", async () => {
  const source = await network.lab.spawn(own, liveSource("nflog"), { ready: /ready/ });
  killAll(own);
  await source.stop("SIGKILL");
  expect(stand(await rules())).toBe(true);
  const inode = await network.lab.must(own, "stat", "-Lc", "%i", "/proc/self/ns/net");
  const lock = `/run/tallytree-guard-${inode.trim()}.lock`;
  const running = await network.lab.spawn(own, ["flock", lock, "sh", "-c", "echo ready; sleep 1"], {
    ready: /ready/,
  });
  await network.lab.must(own, guard, "--clean");
  expect(isRunning(running.pid)).toBe(false);
  expect(ours(await rules())).toEqual([]);
});
