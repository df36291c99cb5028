// Properties of request bodies: whatever is sent, the outcome is a message that fits its schema or an error of the sender.

import fc from "fast-check";
import { Compile } from "typebox/compile";
import { expect, test } from "vitest";
import {
  decodeRequest,
  errorStatus,
  type Request,
  requestSchemas,
  requestTypes,
  TallyError,
} from "../../controller-client/messages/index.js";

const formType = "application/x-www-form-urlencoded";

const form = (fields: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)])).toString();

const anyName = fc.oneof(
  fc.constantFrom(...requestTypes.flatMap((type) => Object.keys(requestSchemas[type].properties))),
  fc.string(),
);
const anyValue = fc.oneof(
  fc.constantFrom<unknown>("src", "src_dst", "10.0.0.1", "::1", "INPUT", "tcp", "true", "0", "1e400", "NaN"),
  fc.integer(),
  fc.double(),
  fc.jsonValue(),
);
const anyMessage = fc
  .tuple(fc.oneof(fc.constantFrom(...requestTypes), fc.string()), fc.dictionary(anyName, anyValue))
  .map(([type, fields]): object => ({ ...fields, type }));

const validators = new Map(requestTypes.map((type) => [type, Compile(requestSchemas[type])]));

function decodeOrFail(contentType: string | undefined, body: string): Request | TallyError {
  try {
    return decodeRequest(contentType, body);
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

function expectAnswerable(result: Request | TallyError): void {
  if (!(result instanceof TallyError)) {
    expect(validators.get(result.type)?.Check(result)).toBe(true);
    return;
  }
  expect(result.status).toBeGreaterThanOrEqual(400);
  expect(result.status).toBeLessThan(500);
  expect(result.status).toBe(errorStatus[result.code]);
  expect(result.field).toBeTypeOf("string");
  expect(result.message.length).toBeLessThan(600);
}

test("any object becomes a message that fits its schema or a 4xx that names a field", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expectAnswerable(decodeOrFail("application/json", JSON.stringify(message)));
    }),
    { numRuns: 2000 },
  );
});

test("any text under any content type does as well", () => {
  const contentType = fc.constantFrom(undefined, "application/json", formType, "text/plain", ";", "x");
  fc.assert(
    fc.property(contentType, fc.oneof(fc.string(), fc.json(), fc.webQueryParameters()), (type, body) => {
      expectAnswerable(decodeOrFail(type, body));
    }),
    { numRuns: 2000 },
  );
});

test("decoding a decoded message changes nothing", () => {
  const counters = fc.record({
    type: fc.constant("config sketch counter"),
    sketch_id: fc.nat(1000).map((id) => (id % 2 === 0 ? id : String(id))),
    counter_key_type: fc.constantFrom("src", "src/24_dport", "src_sport_dst_dport_proto"),
    hitter_threshold: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(counters, (fields) => {
      const once = decodeRequest("application/json", JSON.stringify(fields));
      expect(decodeRequest("application/json", JSON.stringify(once))).toEqual(once);
      expect(decodeRequest(formType, form(fields))).toEqual(once);
    }),
  );
});
