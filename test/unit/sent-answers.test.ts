// When the monitor frees the answers that it sent.
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { sentAnswers } from "../../monitor/sent-answers.js";

afterEach(() => vi.unstubAllGlobals());

it("frees sent answers every two megabytes, and not before they have left", async () => {
  const gc = vi.fn();
  vi.stubGlobal("gc", gc);
  const sent = sentAnswers();
  for (let i = 0; i < 19; i += 1) sent(100_000);
  await turn();
  expect(gc).not.toHaveBeenCalled();
  sent(100_000);
  expect(gc).not.toHaveBeenCalled();
  await turn();
  expect(gc.mock.calls).toEqual([[{ type: "minor" }]]);
  sent(1_900_000);
  await turn();
  expect(gc).toHaveBeenCalledOnce();
});

it("does no harm to a program without the flag", async () => {
  vi.stubGlobal("gc", undefined);
  sentAnswers()(3_000_000);
  await turn();
});
