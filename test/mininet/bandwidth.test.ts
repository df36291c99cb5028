// query bw in the lab: a real test between two hosts, with and without a narrow link.

import { afterAll, beforeAll, expect, it } from "vitest";
import { commandOf, type Form } from "./examples.js";
import { MininetLab } from "./mininet-lab.js";
import { remains } from "./remains.js";

let lab: MininetLab;
beforeAll(async () => {
  lab = await MininetLab.start();
});
afterAll(async () => {
  expect(await lab.close()).toBe(0);
  expect(remains()).toEqual([]);
});

const forms: readonly Form[] = ["python", "typescript", "old style"];
const measure = async (form: Form): Promise<number> => {
  const text = await lab.run("h1", ...commandOf(form, "query-bw", 1, 0));
  expect(text).toMatch(/^\d+(\.\d+)? MBytes\/s\n$/);
  return Number.parseFloat(text);
};

it.each(forms)("the %s example prints a bandwidth, and 1 MByte/s or so through 10 Mbit/s", async (form) => {
  const free = await measure(form);
  await lab.command("h5 tc qdisc add dev h5-eth0 root tbf rate 10mbit burst 15k latency 50ms");
  const narrow = await measure(form);
  await lab.command("h5 tc qdisc del dev h5-eth0 root");
  expect(free).toBeGreaterThan(2);
  expect(narrow).toBeGreaterThanOrEqual(0.8);
  expect(narrow).toBeLessThanOrEqual(1.6);
});

it("leaves no iperf3 behind, and the root forwards a question about another host", async () => {
  const answer = await lab.ask("h2", { type: "query bw", src: "10.0.0.5", dst: "10.0.0.6", seconds: 1 });
  expect(answer).toBeGreaterThan(2);
  const left = lab.spawn("h1", "pgrep", "-x", "iperf3");
  expect(await left.ended).toBe(1);
});
