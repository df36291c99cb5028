// The cap tap's own process: node cap-reader.js DEVICE FILTER. Writes what the npm binding of libpcap captures to its
// standard output as a pcap stream (nanoseconds, headers only), or one sentence why it cannot, and ends. A crash of the
// binding ends this process and no other.

import { writeSync } from "node:fs";
import { createRequire } from "node:module";

/** The part of the package's face that is used here; it comes without types. */
interface Binding {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  on(event: "packet", listener: (bytes: number) => void): void;
}

/** LINKTYPE_ numbers of tcpdump.org by the binding's words. */
const linkTypes: Readonly<Record<string, number>> = { ETHERNET: 1, RAW: 101, LINKTYPE_LINUX_SLL: 113 };
const ringBytes = 64 * 2 ** 20;
const largestPacket = 65_535;
const keptBytes = 160;
const recordHeader = 16;
const batchBytes = 2 ** 16;

const [device = "", filter = ""] = process.argv.slice(2);
// The binding keeps only a raw pointer to it: without a reference of ours it would be collected.
const packet = Buffer.alloc(largestPacket);
const batch = Buffer.alloc(batchBytes);
let used = 0;
let isFlushDue = false;

try {
  const { Cap } = createRequire(import.meta.url)("cap") as { readonly Cap: new () => Binding };
  const capture = new Cap();
  capture.on("packet", (bytes) => take(bytes));
  const words = capture.open(device, filter, ringBytes, packet);
  const linkType = linkTypes[words];
  if (linkType === undefined) throw new Error(`link type ${words} is not supported`);
  writeAll(fileHeader(linkType));
  // Held to the end, as the buffer is.
  process.once("exit", () => [capture, packet]);
  const starter = process.ppid;
  setInterval(() => process.ppid === starter || process.exit(0), 500);
} catch (error) {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  const missing = 'the npm package "cap" is not installed: run "npm install cap"';
  writeAll(Buffer.from(code === "MODULE_NOT_FOUND" ? missing : message));
  process.exit(1);
}

function fileHeader(linkType: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(keptBytes, 16);
  header.writeUInt32LE(linkType, 20);
  return header;
}

/** As short as can be: while it runs, the binding's ring fills. */
function take(bytes: number): void {
  const kept = Math.min(bytes, keptBytes);
  if (used + recordHeader + kept > batchBytes) flush();
  const now = Date.now();
  batch.writeUInt32LE(Math.floor(now / 1000), used);
  batch.writeUInt32LE((now % 1000) * 1_000_000, used + 4);
  batch.writeUInt32LE(kept, used + 8);
  batch.writeUInt32LE(bytes, used + 12);
  packet.copy(batch, used + recordHeader, 0, kept);
  used += recordHeader + kept;
  if (!isFlushDue) setImmediate(flush);
  isFlushDue = true;
}

function flush(): void {
  isFlushDue = false;
  writeAll(batch.subarray(0, used));
  used = 0;
}

/** The reader's end is closed when the monitor is gone: so is the reason to go on. */
function writeAll(bytes: Buffer): void {
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written);
  } catch {
    process.exit(0);
  }
}
