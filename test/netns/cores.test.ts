// A tap of two cores counts what a tap of one counts, exactly while few keys are seen and truly when many are.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "../lab.js";
import type { Counted } from "./two-taps.js";

const program = join(import.meta.dirname, "../../dist/test/netns/two-taps.js");
const rounds = 3;

/** One datagram to each of the ports 1 to `ports`, `rounds` times, the sends one after the other. */
const sender = `
  const socket = require("node:dgram").createSocket("udp4");
  const send = (port) => new Promise((done) => socket.send("x", port, process.argv[1], done));
  (async () => {
    for (let round = 0; round < ${rounds}; round++)
      for (let port = 1; port <= Number(process.argv[2]); port++) await send(port);
    socket.close();
  })();`;

describe("a packet tap of two cores", () => {
  let lab: Lab;
  beforeAll(() => {
    lab = new Lab(2);
  });
  afterAll(() => lab?.close());

  async function count(ports: number): Promise<readonly [Counted, Counted]> {
    const [own, peer] = [lab.host(0), lab.host(1)];
    const argv = [process.execPath, program, `${ports}`];
    const taps = await lab.spawn(own, argv, { ready: /ready/ });
    await lab.must(peer, process.execPath, "-e", sender, own.address, `${ports}`);
    expect(await taps.stop()).toBe(0);
    const [, said = ""] = taps.stdout().split("\n");
    return JSON.parse(said) as [Counted, Counted];
  }

  it("is exact where one core is", async () => {
    const [one, two] = await count(1000);
    expect(one.exact).toBe(true);
    expect(one.intervals.every(([lower, upper]) => lower === rounds && upper === rounds)).toBe(true);
    expect({ ...two, stats: undefined }).toEqual({ ...one, stats: undefined });
  });

  it("tells the truth of many keys, and keeps its books", async () => {
    const ports = 20_000;
    for (const counted of await count(ports)) {
      expect(counted.packets).toBe(`${rounds * ports}`);
      expect(counted.total).toBe(`${rounds * ports}`);
      expect(counted.exact).toBe(false);
      expect(counted.intervals.filter(([lower, upper]) => lower > rounds || upper < rounds)).toEqual([]);
      expect(counted.point[0]).toBeLessThanOrEqual(rounds);
      expect(counted.point[1]).toBeGreaterThanOrEqual(rounds);
      expect(counted.distinct[0]).toBeLessThanOrEqual(ports * 1.02);
      expect(counted.distinct[1]).toBeGreaterThanOrEqual(ports * 0.98);
      const { seen, read, lost, unparsed, ignored } = counted.stats;
      const others = [lost, unparsed, ignored].flatMap((causes) => Object.values(causes));
      expect(seen).toBe(read + others.reduce((sum, n) => sum + n, 0));
      expect(lost.ring).toBe(0);
    }
  });
});
