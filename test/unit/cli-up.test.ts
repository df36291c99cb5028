// tallytree up: both programs started, watched, and ended together, with stand-ins for the monitor and the agent.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../../controller-client/cli/terminal.js";
import { buildUp, type UpSurroundings } from "../../controller-client/cli/up.js";
import { type Build, buildClient, runProgram } from "./cli-build.js";
import { recordingTerminal } from "./cli-terminal.js";

// Both write their arguments and pid to <folder>/<name>.json, so that a test can see them run and be gone.
const prelude = `
  import { writeFileSync } from "node:fs";
  import { createServer } from "node:net";
  import { createServer as createHttp } from "node:http";
  const args = process.argv.slice(2);
  const option = (name) => args[args.indexOf(name) + 1];
  const note = (path) => writeFileSync(path, JSON.stringify({ pid: process.pid, args }));
  process.on("SIGTERM", () => process.exit(0));
`;
const monitorProgram = (notes: string): string => `${prelude}
  createServer().listen(option("--socket"), () => note(${JSON.stringify(join(notes, "monitor.json"))}));
`;
const agentProgram = (notes: string): string => `${prelude}
  let looks = 0;
  createHttp((request, response) => {
    const health = { ok: true, monitor: looks++ > 0 };
    response.writeHead(request.url === "/healthz" ? 200 : 404).end(JSON.stringify(health));
  })
    .listen(Number(option("--port")), option("--address"), () => note(${JSON.stringify(join(notes, "agent.json"))}));
`;
const failing = (sentence: string): string =>
  `console.error('a warning\\ntallytree-x: ${sentence}\\n{"level":50,"msg":"late"}'); process.exit(1);`;

interface Note {
  readonly pid: number;
  readonly args: readonly string[];
}

let folder: string;
let port: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tallytree-up-"));
  port = await freePort();
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

async function writePrograms(monitor = monitorProgram(folder), agent = agentProgram(folder)): Promise<void> {
  await writeFile(join(folder, "monitor.mjs"), monitor);
  await writeFile(join(folder, "agent.mjs"), agent);
}

async function noteOf(name: string): Promise<Note> {
  return JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) as Note;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const socketOf = (note: Note): string => note.args[note.args.indexOf("--socket") + 1] ?? "";

async function expectNothingLeft(): Promise<void> {
  const monitor = await noteOf("monitor");
  expect(isRunning(monitor.pid)).toBe(false);
  expect(existsSync(socketOf(monitor))).toBe(false);
  expect(existsSync(join(socketOf(monitor), ".."))).toBe(false);
  if (existsSync(join(folder, "agent.json"))) expect(isRunning((await noteOf("agent")).pid)).toBe(false);
}

interface Tried {
  readonly error: unknown;
  readonly out: string;
}

/** Runs up here; `interrupt` says when the user presses Ctrl-C. */
async function up(args: readonly string[], interrupt: () => Promise<void>, isRoot = true): Promise<Tried> {
  const terminal = recordingTerminal();
  const surroundings: UpSurroundings = {
    paths: { monitor: join(folder, "monitor.mjs"), agent: join(folder, "agent.mjs") },
    isRoot,
    command: "tallytree",
    graceMs: 300,
    interrupted: interrupt,
  };
  const command = buildUp(terminal, surroundings).exitOverride();
  const error = await command.parseAsync(["--port", String(port), ...args], { from: "user" }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, out: terminal.written().out };
}

const never = (): Promise<void> => new Promise(() => {});

async function appears(name: string): Promise<void> {
  while (!existsSync(join(folder, name))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("up in this process", () => {
  test("starts both, says what to try, ends both on Ctrl-C and leaves nothing", async () => {
    await writePrograms();
    const interrupt = () =>
      appears("agent.json").then(() => new Promise<void>((resolve) => setTimeout(resolve, 500)));
    const { error, out } = await up(["--tap", "nfqueue", "--parent", "10.0.0.2:8000"], interrupt);
    expect(error).toBeUndefined();
    expect(out).toContain(`The agent answers at 127.0.0.1:${port} and joins 10.0.0.2:8000.`);
    expect(out).toContain(`tallytree config sketch-counter --sketch 0 --key src --at 127.0.0.1:${port}\n`);
    const [monitor, agent] = [await noteOf("monitor"), await noteOf("agent")];
    const socket = socketOf(monitor);
    expect(monitor.args).toEqual(["--socket", socket, "--tap", "nfqueue", "--agent-port", String(port)]);
    expect(agent.args).toEqual([
      ...["--address", "127.0.0.1", "--port", String(port), "--monitor", socket],
      ...["--parent", "10.0.0.2:8000"],
    ]);
    await expectNothingLeft();
  });

  test("an early Ctrl-C ends what is there", async () => {
    await writePrograms(
      undefined,
      `${prelude} setInterval(() => {}, 1000); note(${JSON.stringify(join(folder, "agent.json"))});`,
    );
    const { error, out } = await up([], () => appears("agent.json"));
    expect({ error, out }).toEqual({ error: undefined, out: "" });
    await expectNothingLeft();
  });

  test("a monitor that fails is quoted, and no agent is started", async () => {
    await writePrograms(failing("the add-on is not built: run npm run setup"));
    const { error } = await up([], never);
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      message: "the monitor ended (exit code 1): the add-on is not built: run npm run setup",
    });
    expect(await readdir(folder)).not.toContain("agent.json");
  });

  test.each([
    ['throw new Error("out of paper")', "Error: out of paper"],
    ['console.error(\'{"level":50,"msg":"the tap failed"}\'); process.exit(1)', "the tap failed"],
  ])("a monitor that crashes is quoted: %s", async (program, words) => {
    await writePrograms(program);
    const { error } = await up([], never);
    expect(error).toMatchObject({ message: `the monitor ended (exit code 1): ${words}` });
  });

  test("an agent that fails is quoted, and the monitor is ended", async () => {
    await writePrograms(undefined, failing("nobody here is called nobody"));
    const { error } = await up([], never);
    expect(error).toMatchObject({ message: "the agent ended (exit code 1): nobody here is called nobody" });
    await expectNothingLeft();
  });

  test("one that dies later ends the other", async () => {
    await writePrograms();
    void appears("agent.json").then(() =>
      setTimeout(() => void noteOf("monitor").then(({ pid }) => process.kill(pid, "SIGKILL")), 500),
    );
    const { error, out } = await up([], never);
    expect(out).toContain("Ctrl-C ends it.");
    expect(error).toMatchObject({ message: "the monitor ended (signal SIGKILL)" });
    await expectNothingLeft();
  });

  test("one that ignores SIGTERM is ended all the same", async () => {
    const deaf = agentProgram(folder).replace(
      'process.on("SIGTERM", () => process.exit(0))',
      'process.on("SIGTERM", () => {})',
    );
    await writePrograms(undefined, deaf);
    const interrupt = () => appears("agent.json");
    expect((await up([], interrupt)).error).toBeUndefined();
    await expectNothingLeft();
  });

  test("a taken port is told before anything is started, even when an agent answers there", async () => {
    await writePrograms();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const { error } = await up([], never);
    server.close();
    expect(error).toMatchObject({ message: expect.stringContaining(`127.0.0.1 port ${port} is taken`) });
    expect(await readdir(folder)).toEqual(["agent.mjs", "monitor.mjs"]);
  });

  test("an address of another host is told", async () => {
    const { error } = await up(["--address", "192.0.2.1"], never);
    expect(error).toMatchObject({ message: expect.stringContaining("192.0.2.1 is no address of this host") });
  });

  test("without root it says so and starts nothing", async () => {
    const { error } = await up([], never, false);
    expect(error).toMatchObject({ message: expect.stringMatching(/needs root.*sudo tallytree up/) });
  });
});

describe("the shipped command", () => {
  let build: Build;

  beforeAll(async () => {
    build = await buildClient();
  }, 60_000);

  afterAll(() => build.remove());

  test("runs, exits 0 for help and 1 for a slip", async () => {
    const main = join(build.folder, "controller-client/cli/main.js");
    expect((await readFile(main, "utf8")).startsWith("#!/usr/bin/env node\n")).toBe(true);
    expect(await runProgram([main, "--help"])).toMatchObject({ code: 0, err: "" });
    expect(await runProgram([main, "query", "bw"])).toMatchObject({
      code: 1,
      err: "tallytree: missing required argument 'src'\n",
    });
  });

  // The monitor needs root, so up does; what it does without is as much a promise as what it does with.
  test.each([
    ["SIGINT", 1],
    ["SIGTERM", 1],
    // Ctrl-C in a terminal reaches the whole group, the two programs as well.
    ["SIGINT", -1],
  ] as const)("up finds the programs next to itself and ends on %s (%d)", async (signal, group) => {
    for (const [room, program] of [
      ["monitor", monitorProgram(folder)],
      ["agent", agentProgram(folder)],
    ] as const) {
      await mkdir(join(build.folder, room), { recursive: true });
      await writeFile(join(build.folder, room, "main.js"), program);
    }
    let sent = false;
    const main = join(build.folder, "controller-client/cli/main.js");
    const ended = await runProgram([main, "up", "--port", String(port)], (out, pid) => {
      if (sent || !out.includes("Ctrl-C ends it.")) return;
      sent = true;
      process.kill(group * pid, signal);
    });
    if (process.getuid?.() !== 0) {
      expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("needs root") });
      return;
    }
    expect(ended).toMatchObject({ code: 0, err: "" });
    await expectNothingLeft();
  });
});
