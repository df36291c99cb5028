// Messages about watches: what they mean in each form, and what is wrong told by field.

import { describe, expect, it } from "vitest";
import { decodeRequest, TallyError } from "../../controller-client/messages/index.js";

const decoded = (fields: object) => decodeRequest("application/json", JSON.stringify(fields));
const watch = { type: "watch", sketch_id: 0, counter_key_type: "src_dport" };

function failureOf(fields: object): TallyError {
  try {
    decoded(fields);
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(fields)}`);
}

describe("watch", () => {
  it("has ten seconds and the subtree unless it says otherwise, as a form too", () => {
    const meant = { ...watch, above: 20, window: { last: 10 }, scope: "subtree", timeout_ms: 1000 };
    expect(decoded({ ...watch, above: 20 })).toEqual(meant);
    const form = "type=watch&sketch_id=0&counter_key_type=src_dport&above=20";
    expect(decodeRequest("application/x-www-form-urlencoded", form)).toEqual(meant);
    for (const window of ["5", encodeURIComponent('{"last": 5}')])
      expect(decodeRequest(undefined, `${form}&window=${window}&scope=host`)).toMatchObject({
        ...{ window: { last: 5 }, scope: "host" },
      });
  });

  const wrong: readonly (readonly [string, object])[] = [
    ["above", {}],
    ["below", { above: 1, below: 1, counter_key: "total" }],
    ["counter_key", { below: 1 }],
    ["counter_key", { above: 1, counter_key: "real_time_key_num" }],
    ["group_by", { above: 1, counter_key: "key_num", group_by: "src" }],
    ["above", { above: -1 }],
    ["above", { above: 1.5 }],
    ["below", { below: 0, counter_key: "total" }],
    ...[0, 51, 1.5, "all", "realtime", { from: 1, to: 2 }, { last: 5, from: 1 }, {}, []].map(
      (window) => ["window", { above: 1, window }] as const,
    ),
    ...["https://h/", "h:80", "http://user@h/", "http://h/#a", "http:// h/", "ftp://h", "http://"].map(
      (send_to) => ["send_to", { above: 1, send_to }] as const,
    ),
  ];

  it.each(wrong)("%s is wrong in %j", (field, fields) => {
    expect(failureOf({ ...watch, ...fields })).toMatchObject({ code: "bad_request", field });
  });

  it("says what to give instead", () => {
    expect(failureOf({ ...watch, above: 1, window: 60 }).message).toBe(
      'window is 60: give {"last": seconds}, or a number of seconds, 1 to 50',
    );
    expect(failureOf({ ...watch, below: 1 }).message).toContain("below needs a key, key_num or total");
  });
});

it("unwatch and query alerts name a watch by its id", () => {
  expect(decoded({ type: "unwatch", watch_id: "3" })).toEqual({
    ...{ type: "unwatch", watch_id: 3, timeout_ms: 1000 },
  });
  expect(failureOf({ type: "unwatch" })).toMatchObject({ field: "watch_id" });
  const uuid = "00000000-0000-4000-8000-000000000000";
  expect(failureOf({ type: "query alerts", watch_id: 1, watch: uuid })).toMatchObject({ field: "watch" });
  expect(failureOf({ type: "query alerts", k: 1001 })).toMatchObject({ field: "k" });
});
