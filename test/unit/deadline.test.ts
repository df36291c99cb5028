// How the time of a question is shared out, and what a process makes of it that was busy meanwhile.

import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { shares, within } from "../../overlay/deadline.js";
import { systemTime } from "../../overlay/index.js";

/** Milliseconds between the answer of each level and the moment when the one above gives up. */
function margins(budgetMs: number, levels: number): readonly number[] {
  if (levels === 0) return [];
  const { childMs, collectMs } = shares(budgetMs, levels);
  const below = shares(childMs, levels - 1);
  return [collectMs - below.collectMs, ...margins(childMs, levels - 1)];
}

describe("the time of a question", () => {
  it("leaves every level as much for its answer's way, however deep", () => {
    for (const margin of margins(500, 5)) expect(margin).toBeCloseTo(500 / 9);
    for (const margin of margins(1000, 3)) expect(margin).toBeCloseTo(1000 / 7);
  });

  it("ends before the budget does", () => {
    for (const levels of [0, 1, 5, 64]) expect(shares(300, levels).collectMs).toBeLessThan(298);
  });
});

describe("waiting for an answer", () => {
  /** Says "here" 20 ms after it was asked to. */
  const prompt = `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", () => setTimeout(() => parentPort.postMessage("here"), 20));`;

  it("takes what came in time, also when this process was busy until it was late", async () => {
    const worker = new Worker(prompt, { eval: true });
    const answer = () => new Promise((resolve) => worker.once("message", resolve));
    worker.postMessage("now");
    await answer();
    // From here the event loop goes on with timers that are due, and only then with messages.
    await new Promise((resolve) => setImmediate(resolve));
    worker.postMessage("now");
    const heard = within(answer(), 60, systemTime);
    const end = performance.now() + 100;
    while (performance.now() < end);
    expect(await heard).toBe("here");
    await worker.terminate();
  });

  it("gives up when nothing came", async () => {
    await expect(within(new Promise(() => undefined), 20, systemTime)).rejects.toMatchObject({
      code: "timeout",
    });
  });
});
