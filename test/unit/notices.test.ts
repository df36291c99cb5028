// Alerts sent on, to real HTTP servers that take them, refuse them, point elsewhere or say nothing.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Notices } from "../../agent/notices.js";
import { systemTime } from "../../overlay/index.js";

const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Where it listens. */
async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?from=h1`;
}

async function bodyOf(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

/** Whose pauses are a hundredth. */
const notices = () => new Notices({ ...systemTime, after: (ms, act) => systemTime.after(ms / 100, act) });

const send = (sender: Notices, url: string, body: object) =>
  new Promise<string | undefined>((resolve) => sender.send(url, body, resolve));

it("come as JSON, in the order they were sent, whatever the first ones meet", async () => {
  const came: unknown[] = [];
  let refusals = 2;
  const url = await serving((message, response) => {
    void bodyOf(message).then((body) => {
      came.push([message.method, message.url, message.headers["content-type"], body]);
      response.writeHead(refusals-- > 0 ? 503 : 204).end();
    });
  });
  const sender = notices();
  const outcomes = await Promise.all([1, 2, 3].map((since) => send(sender, url, { since })));
  expect(outcomes).toEqual([undefined, undefined, undefined]);
  const posted = (since: number) => ["POST", "/alerts?from=h1", "application/json", { since }];
  expect(came).toEqual([1, 1, 1, 2, 3].map(posted));
});

it("are given up after four tries, and nobody is followed elsewhere", async () => {
  let [tries, elsewhere] = [0, 0];
  const other = await serving((_, response) => {
    elsewhere += 1;
    response.end();
  });
  const url = await serving((_, response) => {
    tries += 1;
    response.writeHead(307, { location: other }).end();
  });
  expect(await send(notices(), url, {})).toBe(`an alert was not sent to ${url}: it answered 307`);
  expect([tries, elsewhere]).toEqual([4, 0]);
});

it("do not wait for one that never answers, nor for its long answer, while others get theirs", async () => {
  const silent = await serving(() => undefined);
  const endless = await serving((_, response) => {
    response.writeHead(200);
    setInterval(() => response.write("x".repeat(65_536)), 1).unref();
  });
  const sender = notices();
  const late = send(sender, silent, {});
  expect(await send(sender, endless, {})).toBeUndefined();
  expect(await late).toBe(`an alert was not sent to ${silent}: no answer within 2000 ms`);
}, 15_000);

it("are bounded: what a receiver cannot take is refused and said", async () => {
  const silent = await serving(() => undefined);
  const sender = notices();
  const outcomes: (string | undefined)[] = [];
  for (let i = 0; i < 1003; i++) sender.send(silent, {}, (problem) => outcomes.push(problem));
  expect(outcomes).toEqual(Array(3).fill(`${silent} is too slow: an alert was not sent`));
});

it("say why when nobody listens", async () => {
  expect(await send(notices(), "http://127.0.0.1:9/", {})).toMatch(/ECONNREFUSED/);
});
