// The manual's mirrors in the lab: each mirrored packet is counted once at the collector, and its own traffic never.

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../lab.js";
import { printedObjects } from "./examples.js";
import { address, MininetLab, root } from "./mininet-lab.js";
import { remains } from "./remains.js";

const pings = process.env.TALLYTREE_LONG === "1" ? 500 : 30;
const [watched, other, collector] = ["h3", "h4", "h9"] as const;

let lab: MininetLab;
beforeAll(async () => {
  lab = await MininetLab.start();
});
afterAll(async () => {
  expect(await lab.close()).toBe(0);
  expect(remains()).toEqual([]);
});

const example = (name: string) => join(root, "mininet", "examples", name);
const mirror = (how: string) => lab.run(watched, "python3", example("mirror.py"), how, address(collector));
const ping = (from: string, to: string, size = 56) =>
  lab.run(from, "ping", "-q", "-i", "0.02", "-c", `${pings}`, "-s", `${size}`, address(to));
const both = (count: number, more = "") => ({
  [`${address(other)},${address(watched)}${more}`]: count,
  [`${address(watched)},${address(other)}${more}`]: count,
});

/** What mirrored.py prints, once, of the pings that `traffic` sends. */
async function printed(
  traffic: () => Promise<unknown>,
): Promise<readonly Readonly<Record<string, number>>[]> {
  const script = example("mirrored.py");
  const watching = lab.spawn("h1", "python3", script, address(collector), "--rounds", "1", "--interval", "6");
  await until("both sketches", () => watching.stderr.includes("ready") || undefined);
  await traffic();
  expect(await watching.ended).toBe(0);
  return printedObjects(watching.stdout);
}

it("counts what iptables copies once, and nothing of the collector's own", async () => {
  await mirror("tee");
  const [tee, vxlan] = await printed(async () => {
    await ping(other, watched);
    // To the collector and from it: mirrored, these would come twice.
    expect(await ping(collector, watched)).not.toMatch(/duplicates/);
    expect(await ping(watched, collector)).not.toMatch(/duplicates/);
  });
  await mirror("off");
  expect([tee, vxlan]).toEqual([both(pings), {}]);
});

it("counts what tc copies into a tunnel once, also when the tunnel must fragment it", async () => {
  await mirror("vxlan");
  const [tee, vxlan] = await printed(async () => {
    await ping(other, watched);
    await ping(other, watched, 1472);
    await ping(collector, watched);
  });
  await mirror("off");
  expect([tee, vxlan]).toEqual([{}, both(2 * pings, ",77")]);
});
