// Keeps the rooms apart: who may import whom, how long a file may get, and names that say nothing.

import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/** Where each room may reach besides itself: paths by their beginning, packages by name. Longest room wins. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  "controller-client/messages/": ["typebox"],
  "controller-client/": ["commander", "undici"],
  "native/": [],
  "monitor/": ["native/index.ts", "controller-client/messages/", "commander", "pino", "typebox"],
  "overlay/": ["controller-client/", "typebox", "@nats-io/transport-node"],
  "agent/": [
    ...["overlay/", "monitor/client.ts", "native/index.ts", "controller-client/messages/"],
    ...["commander", "fastify", "pino"],
  ],
  "replay/": ["agent/", "monitor/", "overlay/index.ts", "native/index.ts", "controller-client/messages/"],
};

const root = normalize(join(import.meta.dirname, "..", ".."));
const folders = [
  "agent",
  "controller-client",
  "mininet",
  "monitor",
  "native",
  "overlay",
  "packaging",
  "replay",
  "test",
];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
);
const sources = files.filter((file) => file.endsWith(".ts"));
const text = (file: string) => readFileSync(join(root, file), "utf8");

function roomOf(file: string): string | undefined {
  return Object.keys(rooms)
    .filter((room) => file.startsWith(room))
    .sort((a, b) => b.length - a.length)[0];
}

/** What a file imports: a path from the root, or a package. Node's own modules are everybody's. */
function importsOf(file: string): readonly string[] {
  const found = [...text(file).matchAll(/\b(?:from|import)(?:\s+|\s*\(\s*)"([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
  const foreign = found.filter((name) => !name.startsWith("node:") && !builtinModules.includes(name));
  return foreign.map((name) =>
    name.startsWith(".") ? join(dirname(file), name).replace(/\.js$/, ".ts") : packageOf(name),
  );
}

const packageOf = (name: string) => name.split("/", name.startsWith("@") ? 2 : 1).join("/");

function forbidden(file: string): readonly string[] {
  const room = roomOf(file);
  if (room === undefined) return [];
  const open = [room, ...(rooms[room] ?? [])];
  const allowed = (name: string) =>
    open.some((door) => (door.includes("/") ? name.startsWith(door) : name === door));
  return importsOf(file)
    .filter((name) => !allowed(name))
    .map((name) => `${file} imports ${name}`);
}

describe("imports", () => {
  it("finds the rooms and their imports", () => {
    expect(sources.filter((file) => roomOf(file) !== undefined).length).toBeGreaterThan(30);
    expect(importsOf("monitor/client.ts")).toContain("native/index.ts");
    expect(importsOf("monitor/main.ts")).toContain("pino");
  });

  it("stay within the rooms' rules", () => {
    expect(sources.flatMap(forbidden)).toEqual([]);
  });
});

describe("the overlay", () => {
  it("takes time and chance from nowhere but what it is given", () => {
    const impure =
      /Date\.now|new Date\(\)|performance\.|set(Timeout|Interval|Immediate)|Math\.random|node:timers|random(Bytes|Fill|Int|UUID)/;
    const found = sources.filter((file) => file.startsWith("overlay/") && impure.test(text(file)));
    expect(found).toEqual(["overlay/time.ts"]);
  });
});

describe("files", () => {
  const code = files.filter((file) => /\.(ts|cc|h|py|sh)$/.test(file));

  it("have at most 300 lines", () => {
    const long = code.filter((file) => text(file).trimEnd().split("\n").length > 300);
    expect(long).toEqual([]);
  });

  it("have names that say what is in them", () => {
    const empty = /(^|\/)(utils?|helpers?|common|managers?|base|impl|misc)\.[a-z]+$/;
    expect(code.filter((file) => empty.test(file))).toEqual([]);
    expect(sources.filter((file) => !/^[a-z0-9/.-]+$/.test(file))).toEqual([]);
  });

  it("begin with what they are for", () => {
    const mute = code.filter((file) => !/^(#!.*\n)?(\/\/|\/\*|#|""")/.test(text(file)));
    expect(mute).toEqual([]);
  });

  it("speak of this project only", () => {
    const words = new RegExp(["TO" + "DO", "FIX" + "ME", "/wo" + "rk/"].join("|"));
    expect(code.filter((file) => words.test(text(file)))).toEqual([]);
  });
});
