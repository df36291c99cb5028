// The record of alerts: when one begins and ends by certain bounds, what is only possible, and how much is kept.

import { describe, expect, it } from "vitest";
import { Alerts, type Finding, mostLasting, type Sight } from "../../agent/alerts.js";
import { alertsCodec } from "../../agent/payloads/alerts.js";
import { verdictOf } from "../../agent/verdict.js";
import type { Limit, Watch } from "../../agent/watch.js";
import type { Alert } from "../../controller-client/messages/index.js";

const watch = (limit: Limit, more: Partial<Watch> = {}): Watch => ({
  ...{ id: 0, uuid: "w", keyType: "src", limit, seconds: 1, scope: "subtree", ...more },
});
const finding = (lower: number, upper: number, key = "a"): Finding => ({
  ...{ key, value: BigInt(lower), lower: BigInt(lower), upper: BigInt(upper) },
});
const sight = (at: number, ...findings: Finding[]): Sight => ({
  ...{ at, findings, hosts: new Set(["h1", "h2"]), missing: [], isCovered: true },
});

/** A record that notes what it tells of. */
function record() {
  const told: string[] = [];
  const alerts = new Alerts(
    () => "h1",
    (_, { key, since, until = "" }) => told.push(`${key} ${since} ${until}`),
  );
  return { alerts, told };
}

describe("a verdict", () => {
  it.each([
    [{ above: 5 }, 6, 9, "yes", "yes"],
    [{ above: 5 }, 5, 6, "open", "open"],
    [{ above: 5 }, 2, 5, "no", "open"],
    [{ below: 5 }, 2, 4, "yes", "open"],
    [{ below: 5 }, 4, 5, "open", "open"],
    [{ below: 5 }, 5, 9, "no", "no"],
  ] as const)(
    "of %j for %i to %i is %s, and %s when something is missing",
    (limit, lower, upper, whole, part) => {
      const interval = { lower: BigInt(lower), upper: BigInt(upper) };
      expect([verdictOf(limit, interval, true), verdictOf(limit, interval, false)]).toEqual([whole, part]);
    },
  );
});

describe("an alert", () => {
  it("begins when certain, is doubted while it may have ended, and ends when certain", () => {
    const { alerts, told } = record();
    const w = watch({ above: 5 });
    alerts.note(w, sight(1, finding(5, 7)));
    expect([alerts.list(), alerts.possible()]).toMatchObject([[], [{ key: "a", lower: 5, upper: 7 }]]);
    alerts.note(w, sight(2, finding(6, 7)));
    alerts.note(w, sight(3, finding(9, 12)));
    alerts.note(w, sight(4, finding(8, 8)));
    expect(alerts.list()).toMatchObject([{ value: 9, lower: 9, upper: 12, certain: true, since: 2 }]);
    alerts.note(w, sight(5, finding(4, 6)));
    expect(alerts.list()).toMatchObject([{ value: 9, certain: false, since: 2 }]);
    expect(alerts.possible()).toEqual([]);
    alerts.note(w, sight(6, finding(4, 5)));
    expect(alerts.list()).toMatchObject([{ value: 9, certain: true, since: 2, until: 6 }]);
    expect(told).toEqual(["a 2 ", "a 2 6"]);
  });

  it("is that of the least count when it is below", () => {
    const { alerts } = record();
    const w = watch({ below: 5 });
    for (const [at, count] of [3, 1, 2].entries()) alerts.note(w, sight(at, finding(count, count)));
    expect(alerts.list()).toMatchObject([{ value: 1, since: 0 }]);
  });

  it("does not end when seconds are missing, nor when its watch cannot be judged", () => {
    const { alerts } = record();
    const w = watch({ above: 5 });
    alerts.note(w, sight(1, finding(6, 6)));
    alerts.note(w, { ...sight(2, finding(1, 1)), isCovered: false });
    expect(alerts.list()).toMatchObject([{ certain: false, complete: false }]);
    expect(alerts.problems()).toMatchObject([{ watch: "w", host: "h1" }]);
    alerts.miss(w, "gone");
    expect([alerts.list(), alerts.problems()]).toMatchObject([[{ certain: false }], [{ problem: "gone" }]]);
    alerts.note(w, sight(3, finding(6, 6)));
    expect([alerts.list(), alerts.problems()]).toMatchObject([[{ certain: true, since: 1 }], []]);
  });
});

describe("an alert that another agent began", () => {
  const begun = (key: string): Alert => ({
    ...{
      watch: "w",
      agent: "h9",
      key,
      value: 8,
      lower: 8,
      upper: 8,
      certain: true,
      complete: true,
      since: 1,
    },
  });

  it("goes on as it was, is told again only when it ends, and is this agent's from here on", () => {
    const { alerts, told } = record();
    const w = watch({ above: 5 });
    alerts.adopt(w, [begun("a")]);
    expect(alerts.list()).toMatchObject([{ agent: "h1", key: "a", value: 8, since: 1, certain: false }]);
    alerts.note(w, sight(4, finding(7, 7)));
    expect(alerts.list()).toMatchObject([{ value: 8, certain: true, complete: true, since: 1 }]);
    alerts.adopt(w, [{ ...begun("a"), since: 0 }]);
    alerts.note(w, sight(5, finding(1, 1)));
    expect(told).toEqual(["a 1 5"]);
  });

  it("does not end while anybody is missing, for it is not known who was in it", () => {
    const { alerts, told } = record();
    const w = watch({ above: 5 });
    alerts.adopt(w, [begun("a"), begun("b")]);
    const part = { missing: ["h9"] };
    alerts.note(w, { ...sight(4, finding(1, 1), finding(9, 9, "b")), ...part });
    expect(told).toEqual([]);
    // Of b it is known by now.
    alerts.note(w, { ...sight(5, finding(1, 1), finding(1, 1, "b")), ...part });
    expect(told).toEqual(["b 1 5"]);
    alerts.note(w, sight(6, finding(1, 1)));
    expect(told).toEqual(["b 1 5", "a 1 6"]);
  });
});

it("lasts for so many keys at most, and says when there are more", () => {
  const { alerts } = record();
  const w = watch({ above: 5 });
  const many = Array.from({ length: mostLasting + 5 }, (_, i) => finding(9, 9, `k${i}`));
  alerts.note(w, sight(1, ...many));
  expect(alerts.list()).toHaveLength(mostLasting);
  expect(alerts.problems()).toMatchObject([{ problem: expect.stringContaining("more than 100 keys") }]);
  alerts.note(w, sight(2, ...many.map(({ key }) => finding(0, 0, key))));
  expect(alerts.problems()).toEqual([]);
  expect(alerts.lastingKeys(w)).toEqual([]);
});

it("keeps the last thousand that ended, and those of no watch that is gone", () => {
  const { alerts } = record();
  const w = watch({ above: 5 });
  for (let at = 0; at < 2200; at += 2) {
    alerts.note(w, sight(at, finding(9, 9)));
    alerts.note(w, sight(at + 1, finding(0, 0)));
  }
  expect(alerts.list()).toHaveLength(1000);
  expect(alerts.list()[0]).toMatchObject({ since: 2198, until: 2199 });
  alerts.note(watch({ above: 5 }, { uuid: "v" }), sight(9, finding(9, 9)));
  alerts.keep(new Set(["v"]));
  expect(alerts.list()).toMatchObject([{ watch: "v" }]);
});

describe("what hosts tell", () => {
  const alert = (since: number, host: string): Alert => ({
    ...{ watch: "w", host, key: "a", value: 1, lower: 1, upper: 1, certain: true, complete: true, since },
  });
  const told = (...alerts: Alert[]) => ({ alerts, possible: [], problems: [] });

  it("is added up, the newest first, so many of them", () => {
    const codec = alertsCodec(3);
    const sum = codec.merge([told(alert(5, "h1"), alert(2, "h1")), told(alert(4, "h2"), alert(1, "h2"))]);
    expect(sum.alerts.map(({ since }) => since)).toEqual([5, 4, 2]);
    const { fields, body = new Uint8Array() } = codec.write(
      told(...[4, 3, 2, 1].map((at) => alert(at, "h1"))),
    );
    expect(codec.read({ ...fields }, body).alerts).toHaveLength(3);
  });

  it.each([
    ["no list", { alerts: {}, possible: [], problems: [] }],
    ["too many", told(...[4, 3, 2, 1].map((at) => alert(at, "h1")))],
    ["no time", told({ ...alert(1, "h1"), since: -1 })],
    ["a host of no name", told({ ...alert(1, "h1"), host: "x".repeat(256) })],
    ["two judges", told({ ...alert(1, "h1"), agent: "h2" })],
    ["no count", told({ ...alert(1, "h1"), value: Number.NaN })],
    ["nothing", null],
  ])("is refused when it is malformed: %s", (_, value) => {
    expect(() => alertsCodec(3).read({}, Buffer.from(JSON.stringify(value)))).toThrow(/malformed/);
  });
});
