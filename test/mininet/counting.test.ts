// The manual's counting examples in the lab, by both taps: exact numbers after one pingall.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../lab.js";
import { commandOf, type Form, printedObjects } from "./examples.js";
import { address, everyHost, MininetLab, measured } from "./mininet-lab.js";
import { remains } from "./remains.js";

const forms: readonly Form[] = ["python", "typescript", "old style"];
const allReceived = "0% dropped (72/72 received)";
/** One request and one reply of 84 bytes between each two hosts. */
const pairBytes = 168;
/** Enough for a pingall after everything is configured. */
const interval = 8;

const sourcesOf = (host: string, each: number) =>
  Object.fromEntries(everyHost.filter((other) => other !== host).map((other) => [address(other), each]));

const allPairs = Object.fromEntries(
  measured.flatMap((to) =>
    everyHost.filter((from) => from !== to).map((from) => [`${address(from)},${address(to)}`, pairBytes]),
  ),
);

/** Whom each pinged that measures what reaches it. */
const contacts = Object.fromEntries(
  everyHost.map((from) => [address(from), measured.filter((to) => to !== from).length]),
);

/** Waits until a host has this many sketches that count by the key type. */
async function counters(lab: MininetLab, host: string, keyType: string, wanted: number): Promise<void> {
  await until(`${wanted} counters by ${keyType} at ${host}`, async () => {
    const sketches = (await lab.ask(host, { type: "query sketches" })) as {
      counters: { counter_key_type: string }[];
    }[];
    const found = sketches.filter(({ counters }) => counters.some((one) => one.counter_key_type === keyType));
    return found.length >= wanted || undefined;
  });
}

describe.each(["packet", "nfqueue"])("by the tap %s", (tap) => {
  let lab: MininetLab;
  beforeAll(async () => {
    lab = await MininetLab.start("--tap", tap);
  });
  afterAll(async () => {
    expect(await lab.close()).toBe(0);
    expect(remains()).toEqual([]);
  });

  it("heavy_hitter, flow_size_distrib and contacts print exact numbers, in all three forms", async () => {
    const hitters = forms.map((form) => lab.spawn("h1", ...commandOf(form, "heavy-hitter", 1, interval)));
    const flows = forms.map((form) => lab.spawn("h1", ...commandOf(form, "flow-size-distrib", 1, interval)));
    const newer = (["python", "typescript"] as const).map((form) =>
      lab.spawn("h1", ...commandOf(form, "contacts", 1, interval)),
    );
    await counters(lab, "h5", "src", forms.length);
    await counters(lab, "h9", "src_dst", forms.length + newer.length);
    expect(await lab.command("pingall")).toContain(allReceived);
    for (const [i, program] of hitters.entries()) {
      expect(await program.ended, `${forms[i]}: ${program.stderr}`).toBe(0);
      expect(printedObjects(program.stdout), forms[i]).toEqual([sourcesOf("h5", 2)]);
      expect(program.stdout, forms[i]).toMatch(/hits: 2\D/);
    }
    for (const [i, program] of flows.entries()) {
      expect(await program.ended, `${forms[i]}: ${program.stderr}`).toBe(0);
      expect(printedObjects(program.stdout), forms[i]).toEqual([allPairs]);
      expect(program.stdout, forms[i]).toMatch(/hits( h5)?: 168\D/);
    }
    for (const program of newer) {
      expect(await program.ended, program.stderr).toBe(0);
      expect(printedObjects(program.stdout)).toEqual([contacts]);
      expect(program.stdout).toMatch(/^10\.0\.0\.\d is pinged by 8 hosts$/m);
    }
  });

  it("the manual's way works: start in the background, pingall, jobs", async () => {
    await lab.command("h1 python3 mininet/examples/heavy_hitter.py --interval 4 &");
    await counters(lab, "h5", "src", forms.length + 1);
    await lab.command("pingall");
    let seen = "";
    await until("the example's output", async () => {
      await sleep(500);
      seen += await lab.command("h1 jobs");
      return seen.includes("h6 hits: 2times") || undefined;
    });
    expect(printedObjects(seen.replaceAll("\r", ""))).toContainEqual(sourcesOf("h5", 2));
    await lab.command("h1 kill %1");
  });

  it("config counter counts one rule: five pings are 5 packets and 420 bytes", async () => {
    const rule = { proto: "icmp", src: "10.0.0.6", dst: "10.0.0.5" };
    await lab.ask("h5", { type: "config counter", ...rule, target: "ACCEPT" });
    await lab.run("h6", "ping", "-q", "-c", "5", "-i", "0.01", "10.0.0.5");
    await lab.run("h7", "ping", "-q", "-c", "5", "-i", "0.01", "10.0.0.5");
    expect(await lab.ask("h5", { type: "query counter", ...rule })).toEqual([5, 420]);
    const refused = await lab.post("h5", { type: "config counter", ...rule, target: "DROP" });
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: "refused", field: "target" } });
  });

  it("a detailed answer of the root covers all eight hosts and lost nothing", async () => {
    const sketch_id = await lab.count(
      "h2",
      { proto: "icmp" },
      { counter_key_type: "src_dst", increment: "bytes" },
    );
    await lab.command("pingall");
    const query = { type: "query sketch", sketch_id, counter_key_type: "src_dst", detail: true };
    expect(await lab.ask("h2", { ...query, counter_key: "total" })).toMatchObject({
      value: 64 * pairBytes,
      lower: 64 * pairBytes,
      upper: 64 * pairBytes,
      exact: true,
      unit: "bytes",
      coverage: { expected: 8, missing: [], complete: true },
      loss: { complete: true },
    });
    expect(await lab.run("h1", "tallytree", "query", "status", "--at", "10.0.0.2")).toContain(
      "10.0.0.2:8000",
    );
  });
});
