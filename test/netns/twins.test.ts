// Two agents on one monitor, by hand and on a roster: the second one answers for nobody until the first is gone.

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, type Running, startMs, until } from "../lab.js";
import { Network, port } from "../lab-network.js";

interface Detail {
  readonly value: number;
  readonly coverage: {
    readonly answered: readonly string[];
    readonly missing: readonly { readonly host: string; readonly reason: string; readonly message: string }[];
  };
}

const twinPort = port + 1;
let network: Network;
let root: Host;
let own: Host;
let first: Running;
let twin: Running;
let id: number;

afterEach(() => network?.close());

async function total(): Promise<Detail> {
  const query = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: "total" };
  return (await network.ask(root, { ...query, detail: true })) as Detail;
}

/** What the answer says of a host once its monitor has refused it. */
const untilRefused = (host: string) =>
  until(
    `${host} is refused`,
    async () => {
      const { coverage } = await total();
      const lost = coverage.missing.find((one) => one.host === host);
      return coverage.answered.length === 2 && lost?.reason === "conflict" ? lost : undefined;
    },
    startMs,
  );

describe.each(["--parent", "--join"])("two agents with %s on one monitor", { timeout: 180_000 }, (below) => {
  const state = (which: string) => ["--state", join(network.lab.folder, which)];

  beforeEach(async () => {
    network = new Network(2);
    [root, own] = [network.host(0), network.host(1)];
    const isRoster = below === "--join";
    await network.start(root, { more: isRoster ? ["--root", ...state("root")] : [] });
    const above = [below, `http://${root.address}:${port}`];
    const station = await network.start(own, { more: [...above, ...state("first")] });
    first = station.agent;
    const place = ["--port", `${twinPort}`, "--monitor", station.socket];
    twin = await network.startAgent(own, [...above, ...place, ...state("twin")]);
    id = await network.count(root, { proto: "icmp" });
  }, 180_000);

  it("count each packet once, say why, and change over by themselves", async () => {
    const [name, twinName] = [`${own.address}:${port}`, `${own.address}:${twinPort}`];
    const { message } = await untilRefused(twinName);
    expect(message).toContain(`agent ${name}, process`);
    await network.ping(root, own.address, 5);
    await network.ping(own, root.address, 5);
    expect((await total()).value).toBe(20); // requests and answers, where each came in
    const { status } = await network.lab.run(own, "curl", "-sf", `http://${twinName}/status`);
    expect(status).toBe(0);

    await first.stop("SIGKILL");
    const changed = await until(
      "the other one answers",
      async () => {
        const detail = await total();
        return detail.coverage.answered.includes(twinName) ? detail : undefined;
      },
      startMs,
    );
    expect(changed.value).toBe(20);
    const warnings = twin
      .stderr()
      .split("\n")
      .filter((line) => line.includes("serves the agent"));
    expect(warnings).toHaveLength(1);
    await until("it says so", () => /the monitor answers again/.test(twin.stderr()) || undefined, startMs);
  });
});
