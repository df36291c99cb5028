// Traffic goes on whatever happens to the monitor: killed and stopped under load, by every tap.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Host, type Running, until } from "../lab.js";
import { asService, Network } from "../lab-network.js";
import { buildStream, killReader, receive, send } from "../lab-stream.js";
import type { Flows } from "./flows.js";

const long = process.env.TALLYTREE_LONG === "1";
const kills = long ? 50 : 3;
const rate = 100_000;
const queue = 8000;
/** Of the inline tap: what waits when it dies is lost with it. */
const queueLength = 16_384;
const flowCount = 200;
const minute = 60_000;

const flowsProgram = [process.execPath, join(import.meta.dirname, "../../dist/test/netns/flows.js")];

let network: Network;
let own: Host;
let peer: Host;

beforeAll(() => {
  buildStream();
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterAll(() => network?.close());

/** 200 TCP connections from the peer; the returned function ends them and says what became of them. */
async function openFlows(): Promise<() => Promise<Flows>> {
  const serving = [...flowsProgram, "serve", own.address, "9100"];
  const server = await network.lab.spawn(own, serving, { ready: /ready/ });
  const opening = [...flowsProgram, "open", own.address, "9100", `${flowCount}`];
  const flows = await network.lab.spawn(peer, opening, { ready: /ready/ });
  return async () => {
    await flows.stop();
    await server.stop();
    return JSON.parse(flows.stdout().split("\n")[1] ?? "") as Flows;
  };
}

interface Round {
  readonly lost: number;
  readonly gap: number;
}

/** One second of datagrams; somewhere in its middle the harm is done. */
async function round(harm: () => Promise<unknown>): Promise<Round> {
  const arrived = await receive(network.lab, own);
  const sending = await send(network.lab, peer, own, rate, rate);
  await sleep(300 + 400 * Math.random());
  await harm();
  expect(await sending.ended).toBe(0);
  await sleep(100);
  const { received, gap_ms } = await arrived();
  return { lost: rate - received, gap: gap_ms };
}

/** Each of many; of a few the lower quartile, for in the others the machine may have been busy with other tests. */
const judged = (values: readonly number[]) =>
  long
    ? Math.max(...values)
    : ([...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN);

describe(`a monitor killed ${kills} times under 100 000 packets a second`, () => {
  it.each(["packet", "nflog", "pcap"])(
    "loses none by the %s tap, and breaks no connection",
    {
      timeout: kills * minute,
    },
    async (tap) => {
      const flows = await openFlows();
      for (let i = 0; i < kills; i++) {
        const monitor = await network.startMonitor(own, ["--tap", tap]);
        const { lost } = await round(() => monitor.stop("SIGKILL"));
        expect(lost).toBe(0);
        await rulesAreGone();
      }
      expect(await flows()).toEqual({ flows: flowCount, broken: 0 });
    },
  );

  it("loses by the inline tap what waited at most, for a moment", { timeout: kills * minute }, async () => {
    const flows = await openFlows();
    const gone: number[] = [];
    const gaps: number[] = [];
    for (let i = 0; i < kills; i++) {
      const options = ["--tap", "nfqueue", "--queue", `${queue}`];
      const monitor = await network.startMonitor(own, options, asService);
      const { lost, gap } = await round(async () => {
        gone.push(await killReader(network.lab, own, monitor.pid, queue));
      });
      gaps.push(gap);
      expect(lost).toBeLessThanOrEqual(queueLength);
      await rulesAreGone();
    }
    expect(judged(gone)).toBeLessThan(100);
    expect(judged(gaps)).toBeLessThan(50);
    expect(await flows()).toEqual({ flows: flowCount, broken: 0 });
  });
});

const rulesAreGone = () =>
  until("the rules to go", async () => {
    const saved = await network.lab.must(own, "iptables", "-w", "-t", "mangle", "-S");
    return saved.includes("TALLYTREE") ? undefined : true;
  });

describe("a monitor that is stopped", () => {
  const seconds = long ? 30 : 4;

  it.each([10, 100_000])(
    "holds up %i packets a second for less than two seconds, and loses none that waited",
    {
      timeout: 2 * minute,
    },
    async (pps) => {
      const monitor = await network.startMonitor(own, ["--tap", "nfqueue"], asService);
      const count = pps * (seconds + 2);
      const arrived = await receive(network.lab, own);
      const sending = await send(network.lab, peer, own, pps, count);
      await sleep(1000);
      await stopped(monitor, seconds);
      expect(await sending.ended).toBe(0);
      await sleep(200);
      const { received, gap_ms } = await arrived();
      expect(gap_ms).toBeLessThan(2000);
      expect(received).toBe(count);
      expect(await monitor.stop()).toBe(0);
    },
  );

  it("counts again when it goes on, and tells when it did not", { timeout: minute }, async () => {
    const { monitor, agent } = await network.start(own, { tap: "nfqueue" });
    const id = await network.count(own, { proto: "icmp" });
    const total = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: "total" };
    await network.ping(peer, own.address, 5);
    expect(await network.ask(own, { ...total, detail: true })).toMatchObject({
      value: 5,
      loss: { complete: true },
    });
    const [from] = [Date.now() / 1000];
    await stopped(monitor, 3);
    await until("the rules to be back", async () => {
      const saved = await network.lab.must(own, "iptables", "-w", "-t", "mangle", "-S");
      return saved.includes("NFQUEUE") ? true : undefined;
    });
    await network.ping(peer, own.address, 5);
    const to = Date.now() / 1000;
    const { value, loss } = await until("the end of the gap", async () => {
      const detail = (await network.ask(own, { ...total, detail: true })) as Told;
      return detail.loss.gaps[0]?.to === undefined ? undefined : detail;
    });
    expect([value, loss.complete]).toEqual([10, false]);
    expect(loss.gaps).toMatchObject([{ host: `${own.address}:8000`, reason: "hung" }]);
    const [gap] = loss.gaps;
    expect(gap?.from).toBeGreaterThan(from + 0.5);
    expect(gap?.to).toBeGreaterThan(from + 3);
    expect(gap?.to).toBeLessThan(to);
    await agent.stop();
    expect(await monitor.stop()).toBe(0);
  });
});

interface Told {
  readonly value: number;
  readonly loss: {
    readonly complete: boolean;
    readonly gaps: readonly { readonly from: number; readonly to?: number; readonly reason: string }[];
  };
}

async function stopped(monitor: Running, seconds: number): Promise<void> {
  process.kill(monitor.pid, "SIGSTOP");
  try {
    await sleep(1000 * seconds);
  } finally {
    process.kill(monitor.pid, "SIGCONT");
  }
}
