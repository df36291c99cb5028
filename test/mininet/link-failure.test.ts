// The example that watches answers while a link is down: coverage dips, says who is missing, and returns.

import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { until } from "../lab.js";
import type { HostProgram } from "./host-program.js";
import { agentName, MininetLab, measured, root } from "./mininet-lab.js";
import { remains } from "./remains.js";

interface Line {
  readonly pings: number;
  readonly answered: number;
  readonly missing: Readonly<Record<string, string>>;
}

let lab: MininetLab;

afterEach(async () => {
  expect(await lab.close()).toBe(0);
  expect(remains()).toEqual([]);
});

/** Every line that was printed whole. */
const linesOf = ({ stdout }: HostProgram): readonly Line[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

it("a link goes down during the loop, and comes up again", async () => {
  lab = await MininetLab.start();
  const script = join(root, "mininet", "examples", "link_failure.py");
  const example = lab.spawn("h1", "python3", script, "--interval", "0.2");
  const next = (what: string, fits: (line: Line) => boolean) =>
    until(what, () => {
      const last = linesOf(example).at(-1);
      return last !== undefined && fits(last) ? last : undefined;
    });
  const all = measured.length;
  await next("the whole network", ({ answered }) => answered === all);
  await lab.command("pingall");
  // A request and a reply each way between any two, but h1's own are not counted.
  const pings = all * 8 * 2;
  await next("all pings", (line) => line.answered === all && line.pings === pings);
  await lab.command("link s4 h9 down");
  const dip = await next("the dip", ({ answered }) => answered < all);
  expect(Object.keys(dip.missing)).toEqual([agentName("h9")]);
  expect(dip).toMatchObject({ answered: all - 1, pings: (pings * (all - 1)) / all });
  await lab.command("link s4 h9 up");
  await next("the return", (line) => line.answered === all && line.pings === pings);
});
