// What an agent keeps on disk: all of it or what was there before, never something else.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeStateFolder, requireStateFolder, StateFile } from "../../agent/state-file.js";

let folder: string;
const path = () => join(folder, "some%3A8000.state");
const file = () => new StateFile(folder, "some:8000");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallytree-state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("gives back what was saved last, to its owner only, and leaves nothing else behind", async () => {
  expect(file().load()).toBeUndefined();
  await file().save({ a: 1 });
  await file().save({ a: [2, "three"] });
  expect(file().load()).toEqual({ a: [2, "three"] });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toHaveLength(1);
});

it("writes what comes at the same time one after the other, the last one last", async () => {
  const one = file();
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => one.save({ text: "x".repeat(100_000 - 5000 * i), i })),
  );
  expect(file().load()).toEqual({ text: "x".repeat(5000), i: 19 });
  expect(readdirSync(folder)).toHaveLength(1);
});

it("refuses a file that is damaged anywhere, with what to do", async () => {
  await file().save({ members: ["h1", "h2"] });
  const whole = readFileSync(path());
  for (const at of [0, 10, 64, 70, whole.length - 1]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(path(), damaged);
    expect(() => file().load()).toThrow(/damaged: move it away/);
  }
  writeFileSync(path(), whole.subarray(0, whole.length - 1));
  expect(() => file().load()).toThrow(/damaged/);
});

it("keeps the old value when the new one cannot be written, and says what it is that cannot be", async () => {
  await file().save({ a: 1 });
  const gone = new StateFile(join(folder, "gone"), "some:8000");
  await expect(gone.save({ a: 2 })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("cannot be kept over a restart: ENOENT"),
  });
  expect(file().load()).toEqual({ a: 1 });
});

it("makes its folder, and names one that cannot be used", () => {
  makeStateFolder(join(folder, "deep", "er"), undefined);
  expect(() => requireStateFolder(join(folder, "deep", "er"))).not.toThrow();
  writeFileSync(join(folder, "file"), "");
  expect(() => makeStateFolder(join(folder, "file"), undefined)).toThrow(/--state/);
  expect(() => requireStateFolder(join(folder, "none"))).toThrow(/--state/);
});
