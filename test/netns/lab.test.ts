// The lab itself: hosts reach each other by both IP versions, and nothing of it stays.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { isRunning, Lab } from "../lab.js";

const namespaces = () => spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;

it("makes hosts that reach each other, and removes all of them", async () => {
  const lab = new Lab(2);
  const [a, b] = [lab.host(0), lab.host(1)];
  await lab.must(a, "ping", "-q", "-c", "1", "-W", "2", b.address);
  await lab.must(a, "ping", "-q", "-c", "1", "-W", "2", b.address6);
  expect((await lab.run(a, "false")).status).toBe(1);
  const sleeper = await lab.spawn(b, ["sleep", "1000"]);
  const deaf = await lab.spawn(b, ["sh", "-c", "trap '' TERM; echo here; sleep 1000 & wait; wait"], {
    ready: /here/,
  });
  expect(isRunning(sleeper.pid)).toBe(true);
  expect(namespaces()).toContain(a.namespace);
  await lab.close();
  for (const { pid } of [sleeper, deaf]) expect(isRunning(pid)).toBe(false);
  for (const { namespace } of lab.hosts) expect(namespaces()).not.toContain(namespace);
  expect(existsSync(lab.folder)).toBe(false);
});
