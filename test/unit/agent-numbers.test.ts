// Small parts of the agent: shares of a total, rule names, iperf3 reports, and which agent stands at an address.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentAt, isLocal, isSame } from "../../agent/bandwidth/places.js";
import { ratesOf } from "../../agent/bandwidth/rates.js";
import { ruleUuid } from "../../agent/handlers/rules.js";
import { largestWithin } from "../../agent/payloads/share.js";
import { publicAddress } from "../../agent/public-address.js";

describe("a share of a total", () => {
  it("is exact where binary fractions are not", () => {
    expect(largestWithin(0.29, 100n)).toBe(29n);
    expect(largestWithin(0.1, 3n)).toBe(0n);
    expect(largestWithin(1, 2n ** 63n)).toBe(2n ** 63n);
    expect(largestWithin(1e-7, 10_000_000n)).toBe(1n);
    expect(largestWithin(1.5e-7, 20_000_000n)).toBe(3n);
  });

  it("is the floor of hundredths of any total", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.bigInt(0n, 2n ** 64n), (hundredths, total) => {
        expect(largestWithin(hundredths / 100, total)).toBe((BigInt(hundredths) * total) / 100n);
      }),
    );
  });
});

describe("a rule's name", () => {
  it("follows from its fields, however they are spelled", () => {
    const one = ruleUuid({ interface: "INPUT", proto: "tcp", src: "2001:DB8::1/128" });
    expect(one).toBe(ruleUuid({ interface: "INPUT", proto: 6, src: "2001:db8::1" }));
    expect(one).not.toBe(ruleUuid({ interface: "OUTPUT", proto: 6, src: "2001:db8::1" }));
    expect(one).not.toBe(ruleUuid({ interface: "INPUT", proto: 6, dst: "2001:db8::1" }));
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("an iperf3 report", () => {
  const rate = (bits_per_second: unknown) => ({ sum: { bits_per_second } });

  it("gives MBytes of 10^6 bytes, with the slowest and fastest second", () => {
    const end = { sum_received: { bits_per_second: 89_600_000 } };
    expect(ratesOf({ end, intervals: [rate(80e6), rate(100e6)] })).toEqual({
      value: 11.2,
      lower: 10,
      upper: 12.5,
    });
    expect(ratesOf({ end })).toEqual({ value: 11.2, lower: 11.2, upper: 11.2 });
  });

  it.each([undefined, {}, { end: {} }, { end: { sum_received: { bits_per_second: -1 } } }])(
    "%j is no result",
    (report) => {
      expect(() => ratesOf(report)).toThrow(/without a result/);
    },
  );
});

describe("an address", () => {
  it("is compared by what it is, not by its text", () => {
    expect(isSame("2001:db8::0:1", "2001:DB8::1")).toBe(true);
    expect(isSame("10.0.0.1", "10.0.0.2")).toBe(false);
    expect(isSame("10.0.0.1", "::1")).toBe(false);
    expect(isSame("h1", "h1")).toBe(false);
  });

  it("finds its agent among names", () => {
    expect(agentAt("10.0.0.2", ["h1", "10.0.0.20:8000", "10.0.0.2:9000"])?.port).toBe(9000);
    expect(agentAt("10.0.0.3", ["h 1", "10.0.0.2:9000"])).toBeUndefined();
  });

  it("is local when the loopback device has it", () => {
    expect([isLocal("127.0.0.1"), isLocal("127.9.9.9"), isLocal("192.0.2.77")]).toEqual([true, true, false]);
  });

  it("that an agent gives others is never the wildcard", () => {
    expect(publicAddress("10.0.0.5", 8000).name).toBe("10.0.0.5:8000");
    expect(publicAddress("fd00::5", 8000).name).toBe("[fd00::5]:8000");
    expect(publicAddress("0.0.0.0", 8000).host).not.toBe("0.0.0.0");
  });
});
