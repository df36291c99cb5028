// Who is in an answer: what a question may require of it, how long a reply can be, and that hosts whose seconds are
// over say the same however often and by whichever way they are asked.

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { ledgerBytes } from "../../agent/payloads/ledgers.js";
import { decodeFrame } from "../../controller-client/messages/index.js";
import type { Datagram } from "../native/capture-bytes.js";
import { removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const pings = (from: string, count: number): Datagram[] =>
  Array.from({ length: count }, () => ({ src: from, dst: "10.0.0.5", proto: 1 }));
const asked = { sketch_id: 0, counter_key_type: "src" };
const total = { type: "query sketch", ...asked, counter_key: "total" };

let village: Village;
let root: Station;

beforeEach(async () => {
  village = new Village();
  for (let host = 0; host < 4; host++) village.add(pings(`10.9.0.${host}`, host + 1));
  root = village.at(0);
  for (let host = 1; host < 4; host++) await village.link(0, host);
  await root.ask({ type: "config sketch" });
  await root.ask({ type: "config sketch counter", ...asked });
  await village.play();
});

describe("require", () => {
  it("is met by who answers", async () => {
    for (const required of ["all", 1, 0.5, "0.75"]) {
      expect(await root.ask({ ...total, require: required })).toMatchObject({ status: 200, value: 10 });
    }
  });

  it("makes an error of a partial answer, and names who is missing", async () => {
    await root.ask(total);
    village.silent.add(village.at(2).agent.name);
    expect((await root.ask({ ...total, require: 0.75 })).value).toBe(7);
    for (const required of ["all", 0.76, 1]) {
      const { status, value } = await root.ask({ ...total, require: required });
      expect([status, value.error]).toMatchObject([
        503,
        {
          code: "incomplete",
          field: "require",
          message: expect.stringMatching(/1 of 4.*10\.0\.0\.3:8000: refused/),
        },
      ]);
    }
  });

  it.each([0, 1.01, -1, "most"])("refuses %s", async (required) => {
    const { status, value } = await root.ask({ ...total, require: required });
    expect([status, value.error.field]).toEqual([400, "require"]);
    expect(value.error.message).toMatch(/"all" or a number above 0 and at most 1/);
  });
});

/** What a parent would get of a station. */
async function bodyOf({ app }: Station, message: object): Promise<Buffer> {
  const payload = { ...message, form: "partial" };
  const { rawPayload } = await app.inject({ method: "POST", url: "/", payload });
  return Buffer.from(decodeFrame(rawPayload).body);
}

const start = 7000;

/** Hosts that share some keys, asked about seconds that are over. */
async function hosts(parents: readonly number[], keys: number): Promise<Station> {
  const made = new Village();
  const now = () => (start + 20) * 1000;
  for (const host of [0, ...parents.map((_, index) => index + 1)]) {
    const file = Array.from({ length: keys }, (_, i) => ({
      ...{ src: `10.${host % 2}.${i >> 8}.${i & 255}`, dst: "10.0.0.5", proto: 1 },
      time: start + 5,
    }));
    made.add([...file, { src: "10.9.9.9", dst: "10.0.0.5", proto: 1, time: start + 19 }], now);
  }
  for (const [index, parent] of parents.entries()) await made.link(parent, index + 1);
  await made.at(0).ask({ type: "config sketch" });
  await made.at(0).ask({ type: "config sketch counter", ...asked });
  await made.play();
  return made.at(0);
}

describe("seconds that are over", () => {
  const window = { from: start, to: start + 10 };
  const top = { type: "query top", ...asked, window };

  it("say the same over trees of any shape", async () => {
    const shapes = [
      [0, 0, 0],
      [0, 1, 2],
      [0, 0, 1],
    ];
    const told = shapes.map(async (parents) => {
      const { value } = await (await hosts(parents, 100)).ask({ ...top, k: 200, detail: true });
      return { keys: value.keys, answered: [...value.coverage.answered].sort(), window: value.window };
    });
    const [first, ...others] = await Promise.all(told);
    expect(Object.keys(first?.keys)).toHaveLength(200);
    for (const other of others) expect(other).toEqual(first);
  });

  it("are the same bytes whenever they are asked, also when keys had to give way", async () => {
    const station = await hosts([0, 0, 0], 1800);
    const ways = [{}, { path: ["a"], budget_ms: 300 }, { path: ["b", "c"], timeout_ms: 700 }];
    const bodies = await Promise.all(ways.map((way) => bodyOf(station, { ...top, ...way })));
    for (const body of bodies) expect(body.equals(bodies[0] ?? Buffer.alloc(0))).toBe(true);
  });
});

describe("an encoded ledger", () => {
  it.each([
    ["src", "pkt", 16],
    ["src", "bytes", 64],
    ["src_dst_sport_dport_proto", "bytes", 256],
  ] as const)(
    "by %s of %s with %d keys is never longer than a parent reads",
    async (keyType, increment, capacity) => {
      const made = new Village();
      const flows = Array.from({ length: 40_000 }, (_, i) => ({
        ...{ src: `10.${i % 251}.${i >> 8}.${i & 255}`, dst: "10.0.0.5", proto: 17 },
        ...{ sport: 1 + (i % 60_000), dport: 1 + ((i * 7) % 60_000) },
      }));
      const station = made.add(flows);
      await station.ask({ type: "config sketch" });
      const counter = { sketch_id: 0, counter_key_type: keyType };
      await station.ask({ type: "config sketch counter", ...counter, increment, capacity });
      await made.play();
      const { length } = await bodyOf(station, { type: "query top", ...counter });
      expect(length).toBeGreaterThan(capacity * 8);
      expect(length).toBeLessThan(ledgerBytes({ capacity }));
    },
  );
});
