// An agent that means harm, or is broken: node dist/test/hostile-agent.js ADDRESS PORT. GET /NAME chooses what it
// answers to messages from then on.

import { createServer, type ServerResponse } from "node:http";
import { encodeFrame, frameContentType } from "../controller-client/messages/index.js";
import { noLoss } from "../overlay/index.js";

const [, , address = "127.0.0.1", port = "8000"] = process.argv;
const own = `${address}:${port}`;

const partial = (hosts: readonly string[], fields: object = {}) => ({
  ...{ name: own, hosts, missing: [], loss: noLoss, from: 1, to: 2, lower: "7", upper: "7" },
  ...fields,
});

const say = (head: object, body = new Uint8Array()) => framed(encodeFrame({ head, body }));

const framed = (bytes: Uint8Array) => (response: ServerResponse) => {
  response.writeHead(200, { "content-type": frameContentType }).end(bytes);
};

/** A frame whose head is any text. */
function headOf(text: string): Uint8Array {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(text.length);
  return Buffer.concat([lengths, Buffer.from(text)]);
}

function pour(response: ServerResponse): void {
  response.writeHead(200, { "content-type": frameContentType });
  const chunk = Buffer.alloc(2 ** 18);
  let left = 4096;
  const more = () => {
    while (!response.destroyed && left-- > 0 && response.write(chunk));
    if (left <= 0) response.end();
  };
  response.on("drain", more);
  more();
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-type": frameContentType });
  const drops = setInterval(() => response.write("x"), 50);
  response.once("close", () => clearInterval(drops));
}

const conducts: Readonly<Record<string, (response: ServerResponse) => void>> = {
  honest: say(partial([own])),
  gigabyte: pour,
  drip,
  hung: () => undefined,
  page: (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>hello</html>"),
  "not-a-number": framed(headOf(JSON.stringify(partial([own])).replace('"7"', "NaN"))),
  "nan-text": say(partial([own], { lower: "NaN" })),
  "upside-down": say(partial([own], { lower: "8" })),
  "no-time": say(partial([own], { from: 9 })),
  brackets: framed(headOf(`[${"[],".repeat(20_000)}0]`)),
  parent: say(partial([own, "10.99.0.1:8000"])),
  sibling: say(partial([own, "10.99.0.2:8000"])),
  nobody: say(partial(["10.99.0.77:8000"])),
  "old-epoch": say(partial([own], { epoch: 0 })),
  "present-epoch": say(partial([own], { epoch: 1 })),
};

let conduct = "honest";
createServer((request, response) => {
  const chosen = request.url?.slice(1) ?? "";
  if (request.method === "GET") {
    if (chosen in conducts) conduct = chosen;
    response.end(JSON.stringify(conduct));
  } else request.resume().once("end", () => conducts[conduct]?.(response));
}).listen(Number(port), address, () => process.stdout.write("ready\n"));
