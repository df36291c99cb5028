// A counter sized by how accurate it must be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRequest, decodeRequest, TallyError } from "../../controller-client/messages/index.js";

const counter = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src" };

function fieldOf(message: object): string | undefined {
  try {
    checkRequest({ ...counter, ...message });
    return undefined;
  } catch (error) {
    return error instanceof TallyError ? error.field : "?";
  }
}

describe("accuracy", () => {
  it("becomes a capacity, and nothing else of it goes on", () => {
    const flat = checkRequest({ ...counter, accuracy_share: 0.1, accuracy_width: 0.01 });
    expect(flat).toEqual(checkRequest({ ...counter, capacity: 1334 }));
    expect(checkRequest({ ...counter, accuracy: { share: 0.1, width: 0.01 } })).toEqual(flat);
    expect(checkRequest({ ...counter, accuracy: null })).toMatchObject({ capacity: 4096 });
    expect(checkRequest({ ...counter, accuracy_share: 1, accuracy_width: 1 })).toMatchObject({
      capacity: 16,
    });
    const form = "type=config+sketch+counter&sketch_id=0&counter_key_type=src";
    const media = "application/x-www-form-urlencoded";
    expect(decodeRequest(media, `${form}&accuracy_share=0.1&accuracy_width=0.01`)).toEqual(flat);
  });

  it("holds in the worst case: the floor of such a ledger is within the width of the share", () => {
    const part = fc.double({ min: 0.005, max: 1, noNaN: true });
    fc.assert(
      fc.property(part, part, (share, width) => {
        const sized = checkRequest({ ...counter, accuracy: { share, width } }) as {
          readonly capacity: number;
        };
        expect(1 / (0.75 * sized.capacity)).toBeLessThanOrEqual(share * width * (1 + 1e-12));
      }),
    );
  });

  it.each([
    [{ accuracy_share: 0.1 }, "accuracy_width"],
    [{ accuracy_width: 0.1 }, "accuracy_share"],
    [{ accuracy: { share: 0.1 } }, "accuracy_width"],
    [{ accuracy: {} }, "accuracy"],
    [{ accuracy: { share: 0.1, width: 0.1, depth: 1 } }, "accuracy"],
    [{ accuracy: [0.1, 0.1] }, "accuracy"],
    [{ accuracy: 0.1 }, "accuracy"],
    [{ accuracy: { share: 0.1, width: 0.1 }, accuracy_share: 0.1 }, "accuracy"],
    [{ accuracy: { share: 0, width: 0.1 } }, "accuracy_share"],
    [{ accuracy: { share: 0.1, width: 1.5 } }, "accuracy_width"],
    [{ accuracy: { share: 0.0001, width: 0.0001 } }, "accuracy_width"],
    [{ accuracy: { share: 0.1, width: 0.1 }, capacity: 4096 }, "capacity"],
  ])("%j is refused, naming %s", (message, field) => {
    expect(fieldOf(message)).toBe(field);
  });

  it("belongs to no other message", () => {
    expect(() => checkRequest({ type: "query sketches", accuracy: { share: 1, width: 1 } })).toThrow(
      TallyError,
    );
  });
});
