// Messages that are none, to a live agent: the right status, the field at fault, and an agent that lives on.

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Host } from "../lab.js";
import { Network, type Station } from "../lab-network.js";

let network: Network;
let station: Station;
let own: Host;

beforeAll(async () => {
  network = new Network(1);
  own = network.host(0);
  station = await network.start(own);
  await network.count(own, { proto: "icmp" });
});
afterAll(() => network?.close());

const json = (message: object) => JSON.stringify(message);
const ask = { sketch_id: 0, counter_key_type: "src" };
/** Few enough that none has to wait for its time. */
const together = 50;

const wrong: readonly (readonly [what: string, body: string, status: number, field: string | null])[] = [
  ["nothing", "", 400, "body"],
  ["no JSON", "{", 400, "body"],
  ["a list", "[]", 400, "body"],
  ["null", "null", 400, "body"],
  ["no type", json({ sketch_id: 1 }), 400, "type"],
  ["a type that is none", json({ type: "config sketsh" }), 400, "type"],
  ["a protocol that is none", json({ type: "config sketch", proto: "tpc" }), 400, "proto"],
  ["an address that is none", json({ type: "config sketch", src: "10.0.0.300" }), 400, "src"],
  ["a prefix that is none", json({ type: "config sketch", dst: "10.0.0.0/33" }), 400, "dst"],
  ["a port that is none", json({ type: "config sketch", dport: 65536 }), 400, "dport"],
  ["an interface that is none", json({ type: "config sketch", interface: "SIDEWAYS" }), 400, "interface"],
  ["a device that is not there", json({ type: "config sketch", device: "eth7" }), 400, "device"],
  ["a tap that does not run", json({ type: "config sketch", tap: "nfqueue" }), 400, "tap"],
  ["shell words for a device", json({ type: "config sketch", device: "$(reboot)" }), 400, "device"],
  ["an unknown field", json({ type: "config sketch", prto: "tcp" }), 400, "prto"],
  ["a prototype", '{"type":"config sketch","__proto__":{"proto":"tcp"}}', 400, "__proto__"],
  [
    "a sketch that is not there",
    json({ type: "query sketch", ...ask, sketch_id: 99, counter_key: "total" }),
    404,
    "sketch_id",
  ],
  [
    "a counter that is not there",
    json({ type: "query heavy hitters", ...ask, counter_key_type: "dst" }),
    404,
    "counter_key_type",
  ],
  [
    "a key type that is none",
    json({ type: "config sketch counter", ...ask, counter_key_type: "src_src" }),
    400,
    "counter_key_type",
  ],
  [
    "a key that does not fit",
    json({ type: "query sketch", ...ask, counter_key: "80,80" }),
    400,
    "counter_key",
  ],
  ["a threshold of two", json({ type: "query heavy hitters", ...ask, threshold: 2 }), 400, "threshold"],
  [
    "a capacity beyond all memory",
    json({ type: "config sketch counter", ...ask, counter_key_type: "dst", capacity: 2 ** 40 }),
    400,
    "capacity",
  ],
  ["a target", json({ type: "config counter", target: "DROP" }), 403, "target"],
  ["an agent that is none", json({ type: "add leaf agent", agent_addr: "http://x y" }), 400, "agent_addr"],
  ["a bandwidth test to nowhere", json({ type: "query bw", src: "-c", dst: "10.99.0.1" }), 400, "src"],
  ["400 kB", json({ type: "x".repeat(400_000) }), 413, "body"],
];

it.each(wrong)("answers %s with the status and the field", async (_, body, status, field) => {
  const answer = await network.post(own, body, "application/json");
  expect(answer.status).toBe(status);
  expect(answer.value).toEqual({
    error: { code: expect.any(String), field, message: expect.stringMatching(/.{10}/) },
  });
});

it("takes the same words as a form, as a plain body, and with no content type", async () => {
  const status = { type: "query sketches" };
  const form = await network.post(own, "type=query+sketches", "application/x-www-form-urlencoded");
  const plain = await network.post(own, json(status), "text/plain");
  const bare = await network.post(own, json(status), "");
  expect([form.status, plain.status, bare.status]).toEqual([200, 200, 200]);
  expect(plain.value).toEqual(form.value);
});

it("refuses a counter that memory does not hold, with the bytes it needs", async () => {
  const huge = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src_sport_dst_dport_proto" };
  const { status, value } = await network.post(own, json({ ...huge, capacity: 1048576 }), "application/json");
  expect([status, value]).toMatchObject([413, { error: { code: "too_large", field: "capacity" } }]);
  expect(JSON.stringify(value)).toMatch(/needs \d+ bytes/);
});

it("lives through bytes that are no HTTP, and through a thousand odd bodies", async () => {
  await network.lab.run(
    network.host(1),
    "sh",
    "-c",
    `head -c 20000 /dev/urandom | nc -w 1 ${own.address} 8000`,
  );
  const odd = Array.from(
    { length: 1000 },
    (_, i) => wrong[i % wrong.length]?.[1].slice(0, 7 + (i % 60)) ?? "",
  );
  for (let next = 0; next < odd.length; next += together) {
    const posted = odd
      .slice(next, next + together)
      .map((body) => network.post(own, body, "application/json"));
    const answers = await Promise.all(posted);
    expect(answers.filter(({ status }) => status < 400 || status > 499)).toEqual([]);
  }
  expect((await network.get(own, "/healthz")).status).toBe(200);
  await network.ping(network.host(1), own.address, 9);
  const query = { type: "query sketch", ...ask, counter_key: network.host(1).address };
  expect(await network.ask(own, query)).toBe(9);
  expect([await station.agent.stop(), await station.monitor.stop()]).toEqual([0, 0]);
});
