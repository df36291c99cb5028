// Frames: a JSON head and a binary body in one piece, for the monitor's socket and for partial answers.
//
//   0        4        8          8+head      8+head+body
//   | head u32le | body u32le | head, JSON | body |

import { TallyError } from "./errors.js";

export interface Frame<Head extends object = Readonly<Record<string, unknown>>> {
  readonly head: Head;
  readonly body: Uint8Array;
}

/** Content type of an answer that is a frame. */
export const frameContentType = "application/vnd.tallytree.frame";

/** Largest head in bytes (16 MiB). */
export const maxHeadBytes = 16 * 2 ** 20;
/** Largest body in bytes (256 MiB). */
export const maxBodyBytes = 256 * 2 ** 20;

const prefixBytes = 8;

interface Lengths {
  readonly head: number;
  readonly body: number;
  readonly total: number;
}

/** The bytes of a frame. Throws too_large above the caps. */
export function encodeFrame(frame: Frame<object>): Buffer {
  const head = Buffer.from(JSON.stringify(frame.head), "utf8");
  checkLengths(head.length, frame.body.length);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(head.length, 0);
  prefix.writeUInt32LE(frame.body.length, 4);
  return Buffer.concat([prefix, head, frame.body]);
}

/**
 * The frame that `bytes` hold, exactly. The body is a view of `bytes`, not a copy.
 * Throws bad_request for cut, overlong or malformed input and too_large above the caps.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const buffer = asBuffer(bytes);
  const lengths = readLengths(buffer);
  if (lengths?.total !== buffer.length) {
    throw badFrame(
      `${buffer.length} bytes where ${lengths?.total ?? `at least ${prefixBytes}`} were announced`,
    );
  }
  return splitFrame(buffer, lengths);
}

/** Cuts a stream of bytes into frames. After it has thrown, the stream is out of step: close it. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;

  /** Bytes that wait for the rest of their frame. */
  get pending(): number {
    return this.#held;
  }

  /** Takes the next bytes; returns the frames that they complete, in order. Throws as decodeFrame does. */
  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(asBuffer(chunk));
    this.#held += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#held < prefixBytes) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < prefixBytes) this.#join();
    const lengths = readLengths(this.#chunks[0] ?? Buffer.alloc(0));
    if (lengths === undefined || this.#held < lengths.total) return undefined;
    const all = this.#join();
    const rest = all.subarray(lengths.total);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return splitFrame(all.subarray(0, lengths.total), lengths);
  }

  // Joined only when a frame is complete: joining at every chunk would copy a large body over and over.
  #join(): Buffer {
    const all =
      this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

function readLengths(buffer: Buffer): Lengths | undefined {
  if (buffer.length < prefixBytes) return undefined;
  const head = buffer.readUInt32LE(0);
  const body = buffer.readUInt32LE(4);
  checkLengths(head, body);
  return { head, body, total: prefixBytes + head + body };
}

function checkLengths(head: number, body: number): void {
  if (head > maxHeadBytes) throw tooLarge("head", head, maxHeadBytes);
  if (body > maxBodyBytes) throw tooLarge("body", body, maxBodyBytes);
}

function splitFrame(frame: Buffer, lengths: Lengths): Frame {
  const end = prefixBytes + lengths.head;
  return { head: parseHead(frame.subarray(prefixBytes, end)), body: frame.subarray(end) };
}

/** A head has so many bytes for each list or object in it, at least: one of little but brackets takes seconds to read. */
const bytesPerBracket = 12;
/** More than short heads have of them. */
const fewBrackets = 256;

function parseHead(bytes: Buffer): Readonly<Record<string, unknown>> {
  if (brackets(bytes) > fewBrackets + bytes.length / bytesPerBracket)
    throw badFrame("its head is mostly brackets");
  const head = parseJson(bytes.toString("utf8"));
  if (typeof head !== "object" || head === null || Array.isArray(head))
    throw badFrame("its head is no object");
  return head as Readonly<Record<string, unknown>>;
}

function brackets(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x5b || byte === 0x7b) count++;
  return count;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badFrame("its head is not JSON", cause);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const badFrame = (what: string, cause?: unknown): TallyError =>
  new TallyError("bad_request", `the frame is malformed: ${what}`, { cause });

const tooLarge = (part: string, bytes: number, most: number): TallyError =>
  new TallyError("too_large", `the ${part} of the frame has ${bytes} bytes, more than the ${most} allowed`);
