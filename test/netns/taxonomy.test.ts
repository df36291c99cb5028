// Flows that stand out, from real packets: one large, one long, and many small.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TaxonomyDetail } from "../../controller-client/messages/index.js";
import type { Host } from "../lab.js";
import { Network } from "../lab-network.js";

let network: Network;
let own: Host;
let peer: Host;

beforeAll(async () => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
  await network.start(own);
});
afterAll(() => network?.close());

const [large, long, small] = [5000, 5001, 40];

/** `small` ports send one datagram each, `large` 400 at once, `long` one each half second, 12 of them. */
const sender = `
  const [to, large, long, small] = process.argv.slice(1);
  const socket = (port) => new Promise((done) => {
    const made = require("node:dgram").createSocket("udp4");
    made.bind(port, () => done(made));
  });
  const send = (from) => new Promise((done) => from.send("x", 7001, to, done));
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  (async () => {
    const [one, other] = [await socket(Number(large)), await socket(Number(long))];
    for (let i = 0; i < Number(small); i++) {
      const mouse = await socket(6000 + i);
      await send(mouse);
      mouse.close();
    }
    for (let i = 0; i < 400; i++) await send(one);
    for (let i = 0; i < 12; i++) {
      await send(other);
      await sleep(500);
    }
    one.close();
    other.close();
  })();`;

it("are told by what was sent", async () => {
  const sketch_id = await network.count(own, { proto: "udp" }, { counter_key_type: "src_sport" });
  await network.lab.must(
    ...([peer, process.execPath, "-e", sender, own.address, `${large}`, `${long}`, `${small}`] as const),
  );
  await sleep(1300);
  const query = { type: "query taxonomy", sketch_id, counter_key_type: "src_sport", window: 20 };
  const key = (port: number) => `${peer.address},${port}`;
  const { value, classes, ...rest } = (await network.ask(own, { ...query, detail: true })) as TaxonomyDetail;
  expect(value).toMatchObject({ elephant: [key(large)], cheetah: [key(large)], tortoise: [key(long)] });
  expect(rest).toMatchObject({ flows: small + 2, exact: true, unit: "packets" });
  expect(classes.elephant.keys[key(large)]).toBe(400);
  expect(classes.elephant.mean).toBeCloseTo((400 + 12 + small) / (small + 2));
  const duration = classes.tortoise.keys[key(long)];
  expect(duration).toBeGreaterThanOrEqual(6);
  expect(duration).toBeLessThanOrEqual(9);
});
