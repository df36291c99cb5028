// What a program that has started may let go of.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { forgetStartup } from "../../native/index.js";

/** Pages of files in this process, in KiB. */
const filePages = (): number =>
  Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

it("lets go of the program's own pages and runs on", () => {
  const before = filePages();
  forgetStartup();
  expect(filePages()).toBeLessThan(before - 8192);
  expect(JSON.parse(JSON.stringify({ works: [1, 2, 3] }))).toEqual({ works: [1, 2, 3] });
});
