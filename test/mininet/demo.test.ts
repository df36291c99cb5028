// The demo without a terminal: it shows the right numbers in time, and an interrupted one leaves nothing.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { HostProgram } from "./host-program.js";
import { root } from "./mininet-lab.js";
import { remains } from "./remains.js";

const mostMs = 120_000;
const shown = [
  / MBytes\/s$/m,
  /"10\.0\.0\.6": 2,$/m,
  /h6 hits: 2times$/m,
  /"10\.0\.0\.1,10\.0\.0\.2": 168,$/m,
  /h6 hits h5: 168 bytes$/m,
  /portscan detected\.$/m,
  /"10\.0\.0\.6": 85$/m,
  /exact: +true$/m,
  /"expected": 8,.*"missing": \[\]/,
];

afterEach(() => {
  expect(remains()).toEqual([]);
});

const start = () =>
  new HostProgram(spawn(join(root, "mininet", "demo.sh"), { cwd: root, stdio: ["ignore", "pipe", "pipe"] }));

it("shows the four examples and a detailed answer in under two minutes", async () => {
  const started = performance.now();
  const demo = start();
  expect(await demo.ended, demo.stdout + demo.stderr).toBe(0);
  expect(performance.now() - started).toBeLessThan(mostMs);
  for (const line of shown) expect(demo.stdout).toMatch(line);
});

it("clears up when Ctrl-C ends it in the middle of an example", async () => {
  const demo = start();
  await demo.says("query_bw.py", 60_000);
  demo.kill("SIGINT");
  expect(await demo.ended).toBe(130);
  expect(demo.stdout).toContain("Clearing up");
});
