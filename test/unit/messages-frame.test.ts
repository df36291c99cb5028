// Frames: what is written is read back, in one piece or many; what is not a frame throws a TallyError.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameReader,
  maxBodyBytes,
  maxHeadBytes,
  TallyError,
} from "../../controller-client/messages/index.js";

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  // Through JSON once: -0 and "__proto__" do not survive it, and heads are JSON.
  head: fc.dictionary(fc.string(), fc.jsonValue()).map((head) => JSON.parse(JSON.stringify(head))),
  body: fc.uint8Array({ maxLength: 300 }),
});

const plain = (frame: Frame): Frame => ({ head: frame.head, body: Uint8Array.from(frame.body) });

function decodeOrError(bytes: Uint8Array): Frame | TallyError {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

describe("frames", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(plain(decodeFrame(encodeFrame(frame)))).toEqual(plain(frame));
      }),
    );
  });

  test("have the documented layout", () => {
    const bytes = encodeFrame({ head: { a: 1 }, body: Uint8Array.of(9, 8) });
    expect([...bytes]).toEqual([7, 0, 0, 0, 2, 0, 0, 0, ...Buffer.from('{"a":1}'), 9, 8]);
  });

  test("cut or extended anywhere are refused", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (frame, cut, extra) => {
        const bytes = encodeFrame(frame);
        expect(decodeOrError(bytes.subarray(0, cut % bytes.length))).toBeInstanceOf(TallyError);
        expect(decodeOrError(Buffer.concat([bytes, extra]))).toBeInstanceOf(TallyError);
      }),
    );
  });

  test("with any bytes changed are another frame or refused, never a crash", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(anyFrame, changes, (frame, edits) => {
        const bytes = encodeFrame(frame);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        const result = decodeOrError(bytes);
        if (!(result instanceof TallyError)) expect(result.head).toBeTypeOf("object");
      }),
      { numRuns: 1000 },
    );
  });

  test("with an announced length above the caps are too large, before anything is taken", () => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(maxHeadBytes + 1, 0);
    expect(decodeOrError(bytes)).toMatchObject({ code: "too_large", status: 413 });
    bytes.writeUInt32LE(2, 0);
    bytes.writeUInt32LE(maxBodyBytes + 1, 4);
    expect(decodeOrError(bytes)).toMatchObject({ code: "too_large" });
    expect(() => new FrameReader().push(bytes)).toThrow(TallyError);
  });

  test.each(["[]", "null", "1", "{", ""])("whose head is %j are refused", (head) => {
    const bytes = Buffer.alloc(8 + head.length);
    bytes.writeUInt32LE(head.length, 0);
    bytes.write(head, 8);
    expect(decodeOrError(bytes)).toMatchObject({ code: "bad_request" });
  });
});

describe("a stream of frames", () => {
  test("is read however it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map((frame) => encodeFrame(frame)));
          const reader = new FrameReader();
          const read: Frame[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = cuts[turn % Math.max(1, cuts.length)] ?? 7;
            read.push(...reader.push(stream.subarray(at, at + size)));
            at += size;
          }
          expect(read.map(plain)).toEqual(frames.map(plain));
          expect(reader.pending).toBe(0);
        },
      ),
    );
  });

  test("takes a large body in small pieces without copying it each time", () => {
    const body = new Uint8Array(8 * 2 ** 20).fill(7);
    const stream = encodeFrame({ head: {}, body });
    const reader = new FrameReader();
    const started = performance.now();
    const frames: Frame[] = [];
    for (let at = 0; at < stream.length; at += 1024)
      frames.push(...reader.push(stream.subarray(at, at + 1024)));
    expect(frames[0]?.body.length).toBe(body.length);
    // Joining at every piece would copy 32 GiB.
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
