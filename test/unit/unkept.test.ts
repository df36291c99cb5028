// A change that cannot be written down: it is as if nobody had asked for it, or the answer says what stands.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { buildApp } from "../../agent/app.js";
import { assemble } from "../../agent/assembly.js";
import { noWish } from "../../agent/roster-part.js";
import { StateFile } from "../../agent/state-file.js";
import type { KeptConfiguration } from "../../agent/wanted-set.js";
import { parseAgentAddress } from "../../controller-client/messages/index.js";
import { FileMonitor, post, removeCaptures } from "./agent-fakes.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallytree-unkept-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(removeCaptures);

const counter = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src" };
const watch = { type: "watch", sketch_id: 0, counter_key_type: "src", above: 5, scope: "host" };

/** An agent that keeps its configuration in the folder. */
async function start(monitor: FileMonitor, beforeWrite: () => void = () => undefined) {
  const file = new StateFile(folder, "configuration");
  const kept = file.load() as KeptConfiguration | undefined;
  const keep = async (value: KeptConfiguration): Promise<void> => {
    beforeWrite();
    await file.save(value);
  };
  const configuration = { keep, ...(kept === undefined ? {} : { kept }) };
  const address = parseAgentAddress("10.0.0.1:8000");
  const agent = assemble({ version: "0", address, monitor, wish: { ...noWish, configuration } });
  await agent.upkeep.sync(1000);
  agent.wanted.restore();
  const app = buildApp(agent, pino({ level: "silent" }));
  const ask = (message: object) => post(app, JSON.stringify(message), "application/json");
  const listed = async () => (await ask({ type: "query sketches", detail: true })).value;
  return { ask, listed, agent };
}

it.each([
  ["config sketch", { type: "config sketch", label: "another" }],
  ["config counter", { type: "config counter", interface: "INPUT", proto: "tcp" }],
  ["another counter", { ...counter, counter_key_type: "dst" }],
  ["another threshold", { ...counter, hitter_threshold: 0.5 }],
  ["delete sketch", { type: "delete sketch", sketch_id: 0 }],
  ["watch", watch],
  ["unwatch", { type: "unwatch", watch_id: 0 }],
])("%s changes nothing when it cannot be kept", async (_, message) => {
  const monitor = new FileMonitor([]);
  const { ask, listed, agent } = await start(monitor);
  for (const first of [{ type: "config sketch" }, counter, watch])
    expect((await ask(first)).status).toBe(200);
  const [before, held, { hash }] = [await listed(), await monitor.sketches(), agent.wanted.summary];
  rmSync(folder, { recursive: true });
  const refused = await ask(message);
  expect(refused).toMatchObject({ status: 503, value: { error: { code: "unavailable" } } });
  expect(refused.value.error.message).toMatch(/^nothing was changed, for .* over a restart: ENOENT/);
  expect(await listed()).toEqual(before);
  await agent.upkeep.sync(1000);
  expect(await monitor.sketches()).toEqual(held);
  expect(agent.wanted.summary.hash).toBe(hash);

  mkdirSync(folder);
  expect((await ask(message)).status).toBe(200);
  const after = await listed();
  expect(await (await start(monitor)).listed()).toEqual(after);
});

it("a counter that the monitor has by then is said to count", async () => {
  let writes = 0;
  const { ask, listed } = await start(new FileMonitor([]), () => {
    writes += 1;
    // The sketch, and whether the counter could be kept.
    if (writes === 3) rmSync(folder, { recursive: true });
  });
  await ask({ type: "config sketch" });
  const { status, value } = await ask(counter);
  expect([status, value.error.message]).toEqual([
    503,
    expect.stringMatching(/^the counter counts, here and/),
  ]);
  expect(await listed()).toMatchObject([{ counters: [{ counter_key_type: "src" }] }]);
});
