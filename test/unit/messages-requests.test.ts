// Request bodies: what each kind of client sends becomes the same message, and what is wrong is told by field.

import { describe, expect, test } from "vitest";
import { decodeRequest, TallyError } from "../../controller-client/messages/index.js";

const formType = "application/x-www-form-urlencoded";

function failure(body: string, contentType?: string): TallyError {
  try {
    decodeRequest(contentType, body);
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
  throw new Error(`accepted: ${body}`);
}

const failureOf = (fields: object): TallyError => failure(JSON.stringify(fields), "application/json");

const form = (fields: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)])).toString();

const scripts: readonly (readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>])[] =
  [
    [
      { type: "config sketch", interface: "INPUT", proto: "icmp" },
      { type: "config sketch", interface: "INPUT", proto: "icmp", timeout_ms: 1000 },
    ],
    [
      { type: "config sketch counter", sketch_id: 0, counter_key_type: "src_dst", increment: "byte" },
      {
        ...{ type: "config sketch counter", sketch_id: 0, counter_key_type: "src_dst", increment: "bytes" },
        ...{ hitter_threshold: 0.1, capacity: 4096, timeout_ms: 1000 },
      },
    ],
    [
      { type: "query heavy hitters", sketch_id: 3, counter_key_type: "src", threshold: 0.25, detail: true },
      {
        ...{
          type: "query heavy hitters",
          sketch_id: 3,
          counter_key_type: "src",
          threshold: 0.25,
          detail: true,
        },
        ...{ share_of: "host", refine: false, scope: "subtree", timeout_ms: 1000 },
      },
    ],
    [
      { type: "query sketch", sketch_id: 1, counter_key_type: "dport", counter_key: 80 },
      {
        ...{ type: "query sketch", sketch_id: 1, counter_key_type: "dport", counter_key: "80" },
        ...{ scope: "subtree", detail: false, timeout_ms: 1000 },
      },
    ],
    [
      { type: "query bw", src: "10.0.0.5", dst: "10.0.0.6" },
      {
        ...{ type: "query bw", src: "10.0.0.5", dst: "10.0.0.6", method: "tcp", seconds: 3 },
        ...{ scope: "subtree", detail: false, timeout_ms: 1000 },
      },
    ],
  ];

describe("all ways to send a message mean the same", () => {
  test.each(scripts)("%j", (sent, meant) => {
    const asText = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)]));
    expect(decodeRequest("application/json", JSON.stringify(sent))).toEqual(meant);
    expect(decodeRequest("application/json; charset=utf-8", JSON.stringify(asText))).toEqual(meant);
    expect(decodeRequest(formType, form(sent))).toEqual(meant);
    expect(decodeRequest(undefined, JSON.stringify(sent))).toEqual(meant);
    expect(decodeRequest(undefined, form(sent))).toEqual(meant);
    expect(decodeRequest("text/plain", `\uFEFF ${JSON.stringify(sent)}\n`)).toEqual(meant);
    expect(decodeRequest(formType, JSON.stringify(sent))).toEqual(meant);
  });

  test("Python writes True and False, and null is absent as requests leaves None out", () => {
    const python = "type=query+status&detail=True";
    expect(decodeRequest(formType, python)).toMatchObject({ detail: true });
    expect(decodeRequest(undefined, '{"type":"query status","detail":null}')).toMatchObject({
      detail: false,
    });
  });

  test("numbers in text keep their value, protocol numbers too", () => {
    const text = "type=config+sketch&proto=17&dport=53&src=10.0.0.0%2F8&timeout_ms=2e3";
    expect(decodeRequest(formType, text)).toMatchObject({
      proto: 17,
      dport: 53,
      src: "10.0.0.0/8",
      timeout_ms: 2000,
    });
  });
});

const wrong: readonly (readonly [object, string, RegExp])[] = [
  [{ type: "query sketches", extra: 1 }, "extra", /not a field of 'query sketches'/],
  [
    { type: "query heavy hitters", counter_key_type: "src" },
    "sketch_id",
    /missing: give the id that 'config sketch' answered/,
  ],
  [{ type: "query heavy hitters", sketch_id: 0 }, "counter_key_type", /missing/],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_keytype: "src" },
    "counter_keytype",
    /did you mean counter_key_type/,
  ],
  [
    { type: "query heavy hitters", sketch_id: "zero", counter_key_type: "src" },
    "sketch_id",
    /"zero": give a whole number/,
  ],
  [{ type: "query heavy hitters", sketch_id: -1, counter_key_type: "src" }, "sketch_id", /from 0/],
  [{ type: "query heavy hitters", sketch_id: 1.5, counter_key_type: "src" }, "sketch_id", /whole number/],
  [{ type: "query heavy hitters", sketch_id: [0], counter_key_type: "src" }, "sketch_id", /a list/],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "source" },
    "counter_key_type",
    /src, dst, sport, dport, proto, vlan/,
  ],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src_src" },
    "counter_key_type",
    /only once/,
  ],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "dport/8" },
    "counter_key_type",
    /only src and dst/,
  ],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src/129" },
    "counter_key_type",
    /1 to 128/,
  ],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src", threshold: 2 },
    "threshold",
    /from 0 to 1/,
  ],
  [
    { type: "query heavy hitters", sketch_id: 0, counter_key_type: "src", scope: "hots" },
    "scope",
    /did you mean host/,
  ],
  [
    { type: "config sketch counter", sketch_id: 0, counter_key_type: "src", hitter_threshold: 1 },
    "hitter_threshold",
    /below 1/,
  ],
  [
    { type: "config sketch counter", sketch_id: 0, counter_key_type: "src", capacity: 15 },
    "capacity",
    /from 16 to 1048576/,
  ],
  [
    { type: "config sketch", proto: "icmpp" },
    "proto",
    /or a whole number from 0 to 255 \(did you mean icmp\?\)/,
  ],
  [{ type: "config sketch", proto: 256 }, "proto", /0 to 255/],
  [{ type: "config sketch", proto: "icmp", dport: 80 }, "dport", /has no ports/],
  [{ type: "config sketch", dport: 0 }, "dport", /from 1 to 65535/],
  [{ type: "config sketch", src: "10.0.0.256" }, "src", /IPv4 or IPv6/],
  [{ type: "config sketch", src: "10.0.0.0/33" }, "src", /0 to 32/],
  [{ type: "config sketch", src: "" }, "src", /empty: leave it out/],
  [{ type: "config sketch", src: "10.0.0.1", dst: "2001:db8::1" }, "dst", /one family/],
  [{ type: "config sketch", src: "2001:db8::/32", proto: "icmp" }, "proto", /icmpv6/],
  [{ type: "config sketch", src: "fe80::1%eth0" }, "src", /device/],
  [{ type: "config sketch", device: "a b" }, "device", /network device/],
  [{ type: "config sketch", uuid: "b5ae6a1c-1111-4111-8111-111111111111" }, "secret", /together/],
  [{ type: "query bw", src: "h5", dst: "10.0.0.6" }, "src", /address/],
  [{ type: "query bw", src: "10.0.0.0/8", dst: "10.0.0.6" }, "src", /address/],
  [{ type: "query bw", src: "10.0.0.5", dst: "10.0.0.6", seconds: 31 }, "seconds", /1 to 30/],
  [{ type: "add leaf agent", agent_addr: "10.0.0.3:99999" }, "agent_addr", /10.0.0.3:8000/],
  [{ type: "add leaf agent", agent_addr: "https://10.0.0.3" }, "agent_addr", /https/],
  [{ typ: "query status" }, "type", /missing \("typ" is given\): give one such as/],
  [{ type: "query status", path: ["a", { b: 1 }] }, "path", /a list of/],
  [{ type: "query status", scope: { a: { b: { c: { d: { e: 1 } } } } } }, "scope", /too deep/],
];

describe("what is wrong is told by field, with what to give", () => {
  test.each(wrong)("%j", (fields, field, message) => {
    const error = failureOf(fields);
    expect(error).toMatchObject({ code: "bad_request", status: 400, field });
    expect(error.message).toMatch(message);
  });

  test("an unknown type names the nearest one, or all", () => {
    expect(failureOf({ type: "query heavy hiters" })).toMatchObject({ code: "unknown_type", field: "type" });
    expect(failureOf({ type: "query heavy hiters" }).message).toContain("did you mean query heavy hitters?");
    expect(failureOf({ type: "make coffee" }).message).toContain("config sketch, config sketch counter");
  });

  test("a target other than ACCEPT is refused, ACCEPT is not", () => {
    expect(failureOf({ type: "config counter", target: "DROP" })).toMatchObject({
      code: "refused",
      status: 403,
      field: "target",
    });
    expect(decodeRequest(undefined, "type=config counter&target=ACCEPT")).toMatchObject({ target: "ACCEPT" });
  });

  test.each([
    ["", undefined],
    ["[]", undefined],
    ["3", "application/json"],
    ["null", "application/json"],
    ["{'type': 'query status'}", undefined],
    ['{"type": ', "application/json"],
    ["type=query+status", "application/json"],
    [`${"[".repeat(100_000)}`, "application/json"],
  ])("the body %.30j as a whole", (body, contentType) => {
    expect(failure(body, contentType)).toMatchObject({ code: "bad_request", field: "body" });
  });

  test("fields given twice and inherited names are refused", () => {
    expect(failure("type=query+status&type=query+bw", formType)).toMatchObject({ field: "type" });
    for (const name of ["__proto__", "constructor", "prototype"]) {
      expect(failure(`{"type":"query status","${name}":{"detail":true}}`)).toMatchObject({ field: name });
      expect(failure(`type=query+status&${name}=1`, formType)).toMatchObject({ field: name });
    }
  });

  test("toString and its like are unknown fields, not found by inheritance", () => {
    expect(failureOf({ type: "query status", toString: 1 })).toMatchObject({ field: "toString" });
    expect(failureOf({ type: "toString" })).toMatchObject({ code: "unknown_type" });
  });

  test("sketch and sketch_id exclude each other; either will do", () => {
    const sketch = "b5ae6a1c-1111-4111-8111-111111111111";
    expect(failureOf({ type: "delete sketch", sketch, sketch_id: 1 })).toMatchObject({ field: "sketch" });
    expect(
      decodeRequest(undefined, form({ type: "delete sketch", sketch: sketch.toUpperCase() })),
    ).toMatchObject({ sketch });
    expect(failureOf({ type: "delete sketch", sketch: "x" })).toMatchObject({ field: "sketch" });
  });

  test("long input is not sent back", () => {
    const long = "x".repeat(100_000);
    for (const fields of [
      { type: long },
      { type: "query status", [long]: 1 },
      { type: "config sketch", src: long },
    ]) {
      const error = failureOf(fields);
      expect(error.message).not.toContain("x".repeat(81));
      expect((error.field ?? "").length).toBeLessThan(81);
    }
  });
});
