// The small parts of messages: errors on the wire, addresses, key types, protocol numbers, counts.

import { describe, expect, test } from "vitest";
import {
  errorStatus,
  fromErrorBody,
  hasPorts,
  parseAgentAddress,
  parseKeyType,
  parsePrefix,
  protoNumber,
  TallyError,
  toCount,
  toErrorBody,
} from "../../controller-client/messages/index.js";

describe("errors", () => {
  test("travel and come back the same", () => {
    for (const code of Object.keys(errorStatus) as (keyof typeof errorStatus)[]) {
      const sent = new TallyError(code, `about ${code}`, { field: "src", cause: new Error("inner") });
      const back = fromErrorBody(JSON.parse(JSON.stringify(toErrorBody(sent))));
      expect(back).toMatchObject({ code, status: errorStatus[code], field: "src", message: `about ${code}` });
      expect(back?.cause).toBeUndefined();
    }
    expect(toErrorBody(new TallyError("timeout", "late"))).toEqual({
      error: { code: "timeout", field: null, message: "late" },
    });
  });

  test("unknown errors leave without their text", () => {
    const body = JSON.stringify(toErrorBody(new Error("password is 1234")));
    expect(body).toContain('"internal"');
    expect(body).not.toContain("1234");
  });

  test.each([
    [undefined],
    ["x"],
    [{}],
    [{ error: null }],
    [{ error: { code: "teapot", message: "" } }],
    [{ error: { code: "timeout" } }],
    [{ error: { code: "toString", message: "" } }],
  ])("%j is no error body", (body) => {
    expect(fromErrorBody(body)).toBeUndefined();
  });
});

describe("agent addresses", () => {
  test.each([
    ["10.0.0.3", "10.0.0.3:8000"],
    ["10.0.0.3:9000", "10.0.0.3:9000"],
    ["http://10.0.0.3:8000", "10.0.0.3:8000"],
    ["http://10.0.0.3/", "10.0.0.3:8000"],
    ["h3.example", "h3.example:8000"],
    ["localhost:1", "localhost:1"],
    ["fd00::3", "[fd00::3]:8000"],
    ["[fd00::3]:80", "[fd00::3]:80"],
    ["http://[fd00::3]", "[fd00::3]:8000"],
  ])("%s is %s", (text, name) => {
    expect(parseAgentAddress(text)).toMatchObject({ name, url: `http://${name}` });
    expect(new URL(parseAgentAddress(text).url).pathname).toBe("/");
  });

  test.each([
    ...[
      "",
      "10.0.0.300",
      "10.0.0.3:0",
      "10.0.0.3:65536",
      "10.0.0.3:",
      "[10.0.0.3]",
      "[x]:80",
      "a b",
      "fd00::3:70000x",
    ],
    ...[
      "http://u:p@10.0.0.3",
      "http://10.0.0.3/path",
      "http://10.0.0.3?x",
      "https://10.0.0.3",
      "ftp://10.0.0.3",
      "-x",
      "fe80::1%eth0",
    ],
  ])("%j is none", (text) => {
    expect(() => parseAgentAddress(text)).toThrow(TallyError);
  });
});

describe("prefixes", () => {
  test.each([
    ["10.0.0.5", 4, 32],
    ["10.0.0.0/8", 4, 8],
    ["0.0.0.0/0", 4, 0],
    ["2001:db8::/32", 6, 32],
    ["::1", 6, 128],
  ] as const)("%s", (text, family, bits) => {
    expect(parsePrefix(text, "src")).toMatchObject({ family, bits });
  });

  test.each([
    "10.0.0.0/",
    "10.0.0.0/x",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "/8",
    "::/129",
    "10.0.0/8",
    "010.0.0.1",
  ])("%s is none", (text) => {
    expect(() => parsePrefix(text, "src")).toThrow(/^src is/);
  });
});

test("key types are parts in order", () => {
  expect(parseKeyType("src_sport_dst_dport_proto").map((part) => part.name)).toEqual([
    "src",
    "sport",
    "dst",
    "dport",
    "proto",
  ]);
  expect(parseKeyType("src/24_dst/64_dport")).toEqual([
    { name: "src", prefix: 24 },
    { name: "dst", prefix: 64 },
    { name: "dport" },
  ]);
  for (const text of ["", "_", "src_", "src__dst", "src/", "src/0", "src/24/8", "SRC", "srcdst", "key"]) {
    expect(() => parseKeyType(text), text).toThrow(/counter_key_type is/);
  }
});

test("protocol names and numbers (IANA)", () => {
  expect([
    protoNumber("icmp"),
    protoNumber("tcp"),
    protoNumber("udp"),
    protoNumber("icmpv6"),
    protoNumber(132),
  ]).toEqual([1, 6, 17, 58, 132]);
  expect(["tcp", "udp", 132].map((proto) => hasPorts(proto as "tcp"))).toEqual([true, true, true]);
  expect(["icmp", "icmpv6", 0, 47].map((proto) => hasPorts(proto as "tcp"))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("counts stay exact: text where JSON numbers end", () => {
  expect(toCount(0n)).toBe(0);
  expect(toCount(2n ** 53n - 1n)).toBe(9007199254740991);
  expect(toCount(2n ** 53n + 1n)).toBe("9007199254740993");
  expect(toCount(2n ** 64n - 1n)).toBe("18446744073709551615");
});
