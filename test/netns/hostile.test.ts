// A child that answers rubbish over real HTTP: it is missing with a reason, the rest of the answer is right, and the
// parent's memory does not grow with what it is sent.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Host, until } from "../lab.js";
import { Network, port, program } from "../lab-network.js";

interface Detail {
  readonly value: number;
  readonly coverage: {
    readonly answered: readonly string[];
    readonly missing: readonly { readonly host: string; readonly reason: string; readonly message: string }[];
  };
}

let network: Network;
let root: Host;
let child: Host;
let hostile: Host;
let pid: number;
let id: number;

const name = ({ address }: Host) => `${address}:${port}`;

beforeAll(async () => {
  network = new Network(3);
  [root, child, hostile] = [network.host(0), network.host(1), network.host(2)];
  await network.startMonitor(root);
  // As the program's own first line has it: what the collector leaves lying about is not what is asked about.
  const state = ["--state", join(network.lab.folder, "state")];
  const wrapper = ["env", "NODE_OPTIONS=--max-semi-space-size=1"];
  ({ pid } = await network.startAgent(root, ["--root", ...state], wrapper));
  await network.start(child, { parent: root });
  await network.lab.spawn(hostile, [...program("test/hostile-agent"), hostile.address, `${port}`], {
    ready: /ready/,
  });
  await network.ask(root, { type: "add leaf agent", agent_addr: name(hostile) });
  id = await network.count(root, { proto: "icmp" }, { counter_key_type: "dst" });
  await until("both children", async () =>
    (await total()).coverage.answered.length === 3 ? true : undefined,
  );
  for (const host of [root, child]) await network.ping(network.host(3), host.address, 5);
});
afterAll(() => network?.close());

async function total(): Promise<Detail> {
  const counter = { sketch_id: id, counter_key_type: "dst", counter_key: "total" };
  return (await network.ask(root, { type: "query sketch", ...counter, detail: true })) as Detail;
}

/** kB. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
}

const forgetPeak = () => writeFileSync(`/proc/${pid}/clear_refs`, "5");

it("counts what it says for certain while it is honest", async () => {
  expect(await total()).toMatchObject({ value: 17, coverage: { missing: [] } });
});

async function expectLeftOut(reason: string, message: RegExp): Promise<void> {
  const missing = [{ host: name(hostile), reason, message: expect.stringMatching(message) }];
  const answered = [name(root), name(child)].sort();
  const { value, coverage } = await total();
  const found = { value, answered: [...coverage.answered].sort(), missing: coverage.missing };
  expect(found).toMatchObject({ value: 10, answered, missing });
}

it.each([
  ["gigabyte", "bad_reply", /more than the \d+ bytes/],
  ["drip", "timeout", /./],
  ["hung", "timeout", /./],
  ["page", "bad_reply", /no JSON/],
  ["not-a-number", "bad_reply", /malformed frame/],
  ["nan-text", "bad_reply", /whole number/],
  ["upside-down", "bad_reply", /exceeds its upper/],
  ["no-time", "bad_reply", /no span of time/],
  ["brackets", "bad_reply", /malformed frame/],
  ["parent", "bad_reply", /above it/],
  ["sibling", "conflict", /another reply/],
  ["nobody", "bad_reply", /does not name it/],
])("%s: it is missing as %s, and the rest is right", async (conduct, reason, message) => {
  await network.get(hostile, "/honest");
  await until("it is asked again", async () => ((await total()).value === 17 ? true : undefined));
  await network.get(hostile, `/${conduct}`);
  forgetPeak();
  const before = memory("VmRSS");
  for (let round = 0; round < 2; round++) await expectLeftOut(reason, message);
  expect(memory("VmHWM") - before).toBeLessThan(10_000);
});

it("an old epoch, once it has a lease: it is missing as bad_reply, and the rest is right", async () => {
  const copy = await network.ask(root, { type: "copy roster", form: "partial" });
  const lease = {
    ...{ type: "renew lease", agent: name(hostile), agent_addr: name(hostile), incarnation: 1, revision: 0 },
    ...{
      roster: /"id":"([^"]+)"/.exec(`${copy}`)?.[1],
      tree_epoch: 1,
      root: name(root),
      root_addr: name(root),
    },
  };
  await network.get(hostile, "/present-epoch");
  await network.ask(root, lease);
  await until("it is asked again", async () => ((await total()).value === 17 ? true : undefined));
  await network.get(hostile, "/old-epoch");
  await network.ask(root, lease);
  await expectLeftOut("bad_reply", /epoch 0 that one of epoch 1 has fenced/);
  await network.get(hostile, "/honest");
  await expectLeftOut("bad_reply", /epoch unknown/);
});
