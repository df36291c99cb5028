// An independent count by the npm binding of libpcap, in a process of its own: node cap-count.js DEVICE FILTER.
// Says "ready", counts until its standard input closes, then prints {"packets", "bytes"} (bytes without Ethernet).

import { createRequire } from "node:module";

/** The part of the package's face that is used here; it comes without types. */
interface Capture {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  on(event: "packet", listener: (bytes: number) => void): void;
  close(): void;
}

const { Cap } = createRequire(import.meta.url)("cap") as { readonly Cap: new () => Capture };
const ethernetBytes = 14;
const ringBytes = 64 * 2 ** 20;
/** What is still in libpcap's ring when the input closes. */
const drainMs = 300;

const [device = "", filter = ""] = process.argv.slice(2);
// The binding keeps only a raw pointer to it: without a reference of ours it would be collected.
const buffer = Buffer.alloc(65535);
const capture = new Cap();
let packets = 0;
let bytes = 0;

capture.on("packet", (length) => {
  packets += 1;
  bytes += length - ethernetBytes;
});
capture.open(device, filter, ringBytes, buffer);
process.stdout.write("ready\n");
process.stdin.resume().once("end", () => setTimeout(finish, drainMs));

function finish(): void {
  capture.close();
  process.stdout.write(`${JSON.stringify({ packets, bytes, buffer: buffer.length })}\n`);
}
