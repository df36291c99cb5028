// The watch example in the lab: it tells which host was scanned, how many ports, and tells it once.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../lab.js";
import { commandOf } from "./examples.js";
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

it("tells of each scan once, with its host and its ports, in both forms", async () => {
  const programs = (["python", "typescript"] as const).map((form) =>
    lab.spawn("h1", ...commandOf(form, "watch", 40, 1)),
  );
  await sleep(6000);
  for (const target of ["10.0.0.5", "10.0.0.9"]) {
    await lab.spawn("h6", "nc", "-z", target, "8008-8092").ended;
    for (const program of programs)
      await until(`a scan of ${target}`, () => program.stdout.includes(target) || undefined, 15_000);
  }
  await Promise.all(programs.map(({ ended }) => ended));
  const scans = /^(\d+) ports of (\S+) were asked for, from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d$/gm;
  for (const { stdout, stderr } of programs) {
    const told = [...stdout.matchAll(scans)].map(([, ports, host]) => [host, Number(ports)]);
    expect(
      told.map(([host]) => host),
      stderr,
    ).toEqual(["10.0.0.5:8000", "10.0.0.9:8000"]);
    for (const [, ports] of told) expect(ports).toBeGreaterThan(20);
    for (const [, ports] of told) expect(ports).toBeLessThanOrEqual(85 + 4);
  }
});
