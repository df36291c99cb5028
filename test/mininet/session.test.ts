// mt.py itself: how it starts, refuses, ends, and clears up; its switches and overlays.

import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../lab.js";
import { HostProgram } from "./host-program.js";
import { MininetLab, mtPath, root } from "./mininet-lab.js";
import { remains } from "./remains.js";

const prompt = "mininet> ";

afterEach(() => {
  expect(remains()).toEqual([]);
});

const start = (...options: readonly string[]) => new HostProgram(spawn(mtPath, options, { cwd: root }));

/** Runs a command to its end, with this on its standard input. */
function run(argv: readonly string[], input = "", cwd = root) {
  const [file = "", ...args] = argv;
  return spawnSync(file, args, { cwd, input, encoding: "utf8", timeout: 60_000 });
}

describe("commands by pipe", () => {
  it("runs each line, gives no line to a running command, and ends at the end of the input", () => {
    const lines = [
      "h1 sleep 0.5",
      "pingall",
      'h1 echo "one # two"  # three',
      'h1 echo "no end',
      "h1 command -v tallytree",
    ];
    const { status, stdout } = run(
      [mtPath],
      [...lines, "h1 python3 -c 'import requests; print(7 * 6)'", ""].join("\n"),
    );
    expect(status).toBe(0);
    expect(stdout).toContain("└── h5   10.0.0.5");
    expect(stdout).toContain("0% dropped (72/72 received)");
    expect(stdout).toMatch(/^mininet> one # two\r?$/m);
    expect(stdout).toContain("not a whole command");
    expect(stdout).toContain("/run/tallytree-lab/bin/tallytree");
    expect(stdout).toMatch(/^mininet> 42\r?$/m);
  });
});

describe("signals", () => {
  it.each([
    ["SIGINT", 130, "Starting 8 monitors"],
    ["SIGTERM", 143, "Starting 9 hosts"],
    ["SIGINT", 130, prompt],
    ["SIGTERM", 143, prompt],
    ["SIGHUP", 129, prompt],
  ] as const)("%s ends it with %i, after '%s'", async (signal, status, moment) => {
    const lab = start();
    await lab.says(moment, 60_000);
    lab.kill(signal);
    expect(await lab.ended).toBe(status);
    expect(lab.stdout).toContain("Clearing up");
  });

  it("one that came a moment before a read, and so does not interrupt it, ends it too", async () => {
    const program = [
      "import signal, sys, threading",
      'sys.path.insert(0, "mininet")',
      "from lab import ending",
      // Another thread takes the signal: the main thread's read goes on.
      "send = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)",
      "threading.Timer(0.3, send).start()",
      'sys.exit(ending.run("lab", input))',
    ];
    const reader = new HostProgram(spawn("python3", ["-B", "-c", program.join("\n")], { cwd: root }));
    expect(await reader.ended).toBe(143);
  });

  it("Ctrl-C ends a command that came by pipe, and the lab with it", async () => {
    const lab = start();
    await lab.says(prompt, 60_000);
    lab.type("h1 sleep 1000\n");
    await until("the sleep", () => run(["pgrep", "-fx", "sleep 1000"]).status === 0 || undefined);
    lab.kill("SIGINT");
    expect(await lab.ended).toBe(130);
  });

  it("what a killed lab left is removed by the next one, with a sentence", async () => {
    const lab = start();
    await lab.says(prompt, 60_000);
    lab.kill("SIGKILL");
    await lab.ended;
    expect(remains()).not.toEqual([]);
    const { status, stdout } = run([mtPath, "--depth", "1"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Removed what an earlier lab left behind: the bridges s1 s2 s3 s4,.*\d+ processes\.$/m,
    );
  });
});

describe("shapes", () => {
  it("a star has everybody below the root", async () => {
    const lab = await MininetLab.start("--overlay", "star");
    const below = (await lab.ask("h2", { type: "query leaf agents" })) as string[];
    expect([...below].sort()).toEqual([3, 4, 5, 6, 7, 8, 9].map((n) => `10.0.0.${n}:8000`));
    expect(await lab.close()).toBe(0);
  });

  it("no overlay has nobody below anybody, and other sizes work", async () => {
    const lab = await MininetLab.start(
      "--overlay",
      "none",
      "--depth",
      "1",
      "--fanout",
      "4",
      "--link-rate",
      "100",
    );
    expect(await lab.ask("h2", { type: "query leaf agents" })).toEqual([]);
    expect(await lab.command("pingall")).toContain("0% dropped (12/12 received)");
    expect(await lab.close()).toBe(0);
  });

  it("Open vSwitch in user space carries it too", () => {
    const { status, stdout, stderr } = run(
      [mtPath, "--switch", "ovsbr", "--switch-args", "datapath=user"],
      "pingall\nh1 tallytree query leaf-agents --at h3\n",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("0% dropped (72/72 received)");
    expect(stdout).toContain("10.0.0.8:8000");
  });
});

describe("refusals, each in one sentence", () => {
  const refuses = (argv: readonly string[], sentence: RegExp, cwd = root) => {
    const { status, stderr } = run(argv, "", cwd);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(status).toBe(1);
  };

  it("not root", () => {
    refuses(["setpriv", "--reuid=65534", "--clear-groups", mtPath], /only root .* sudo\n$/);
  });

  it("Mininet missing", () => {
    refuses(["/usr/bin/python3", "-S", mtPath], /Mininet is missing: apt-get install mininet\n$/);
  });

  it("not built", () => {
    const clone = mkdtempSync(join(tmpdir(), "tallytree-clone-"));
    try {
      cpSync(join(root, "mininet"), join(clone, "mininet"), { recursive: true });
      refuses(["mininet/mt.py"], /not built: run 'npm run setup'/, clone);
      expect(existsSync(join(clone, "mininet", "__pycache__"))).toBe(
        existsSync(join(root, "mininet", "__pycache__")),
      );
    } finally {
      rmSync(clone, { recursive: true });
    }
  });

  it("another lab is running", async () => {
    const lab = start("--depth", "1");
    await lab.says(prompt, 60_000);
    refuses([mtPath], new RegExp(`another lab is running \\(process ${lab.pid}\\)`));
    lab.hangUp();
    expect(await lab.ended).toBe(0);
  });

  it("a firewall that drops what is forwarded", () => {
    const docker = "iptables -P FORWARD DROP && iptables -A FORWARD -i docker0 -j ACCEPT";
    const bridged = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    if (!existsSync(bridged)) run(["modprobe", "br_netfilter"]);
    expect(existsSync(bridged)).toBe(true);
    const script = `ip link set lo up && echo 1 > ${bridged} && ${docker} && exec ${mtPath}`;
    refuses(
      ["unshare", "--net", "sh", "-c", script],
      /firewall drops forwarded packets.*bridge-nf-call-iptables=0/,
    );
  });

  it("somebody else's bridge of the same name, which stays", () => {
    expect(run(["ip", "link", "add", "s2", "type", "bridge"]).status).toBe(0);
    try {
      refuses([mtPath], /interface 's2' exists that no Tallytree lab made/);
      expect(run(["ip", "link", "show", "s2"]).status).toBe(0);
    } finally {
      run(["ip", "link", "del", "s2"]);
    }
  });
});
