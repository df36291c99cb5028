// The manual's port scan example in the lab: every scan is reported, quiet is not.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { commandOf, printedObjects } from "./examples.js";
import { MininetLab } from "./mininet-lab.js";
import { remains } from "./remains.js";

const quietMs = process.env.TALLYTREE_LONG === "1" ? 60_000 : 15_000;
const roundMs = 300;
/** Uneven on purpose, and above two seconds: a scan counts as new once the one before is no longer "just now". */
const gapsMs = [2570, 3910];
const ports = 85;

let lab: MininetLab;
beforeAll(async () => {
  lab = await MininetLab.start();
});
afterAll(async () => {
  expect(await lab.close()).toBe(0);
  expect(remains()).toEqual([]);
});

const reports = (text: string) => text.split("portscan detected.").length - 1;

it("reports no scan while there is none, and three scans when there are three, in all three forms", async () => {
  const rounds = Math.ceil((quietMs + 12_000) / roundMs);
  const python = lab.spawn("h1", ...commandOf("python", "portscan", rounds, roundMs / 1000));
  const typescript = lab.spawn("h1", ...commandOf("typescript", "portscan", rounds, roundMs / 1000));
  const old = lab.spawn("h1", ...commandOf("old style", "portscan", rounds, roundMs / 1000));
  const programs = { python, typescript, old };
  await sleep(quietMs);
  for (const [form, program] of Object.entries(programs)) {
    expect(reports(program.stdout), `${form}: ${program.stdout}${program.stderr}`).toBe(0);
  }
  for (const pause of [...gapsMs, 0]) {
    const before = Object.values(programs).map(({ stdout }) => reports(stdout));
    // nc exits with 1 when the last port is closed, as all of them are.
    await lab.spawn("h6", "nc", "-z", "10.0.0.5", "8008-8092").ended;
    await sleep(Math.max(pause, 1500));
    const after = Object.values(programs).map(({ stdout }) => reports(stdout));
    for (const [i, form] of Object.keys(programs).entries()) {
      expect(after[i], `${form}, after ${before[i]} reports`).toBeGreaterThan(before[i] ?? 0);
    }
  }
  for (const program of Object.values(programs)) await program.ended;
  const scanners = printedObjects(python.stdout).map((sources) => sources["10.0.0.6"]);
  expect(scanners.length).toBeGreaterThanOrEqual(3);
  expect(new Set(scanners)).toEqual(new Set([ports]));
  for (const program of [typescript, old]) {
    const counts = printedObjects(program.stdout).map((sources) => sources["10.0.0.6"] ?? 0);
    expect(Math.max(...counts)).toBe(ports);
    expect(Math.min(...counts)).toBeGreaterThan(20);
  }
});

it("keeps a burst visible for at least a second and counts its ports exactly", async () => {
  const sketch_id = await lab.count("h5", { src: "10.0.0.7" }, { counter_key_type: "src_dport" });
  const query = { type: "query sketch", sketch_id, counter_key_type: "src_dport" };
  for (const offset of [0, 350, 800]) {
    await sleep(2100 + offset);
    await lab.spawn("h7", "nc", "-z", "10.0.0.5", "8008-8092").ended;
    const seen = [];
    for (let i = 0; i < 3; i++) {
      seen.push(await lab.ask("h5", { ...query, counter_key: "real_time_key_num" }));
      await sleep(roundMs);
    }
    expect(seen).toEqual([ports, ports, ports]);
  }
});
