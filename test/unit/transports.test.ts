// What every transport promises: replies as they are, failures as what they are, and memory for no more than asked.

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type AgentAddress, parseAgentAddress } from "../../controller-client/messages/index.js";
import { HttpTransport } from "../../overlay/http-transport.js";
import type { Transport } from "../../overlay/index.js";

const message = { type: "query status" } as const;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** What is at the other end. */
type Conduct = "echo" | "hung" | "late" | "endless" | "broken off";

const conducts: { readonly [C in Conduct]: RequestListener } = {
  echo: (request, response) => {
    response.writeHead(418, { "content-type": "text/echo" });
    request.pipe(response);
  },
  hung: () => undefined,
  late: (_, response) => void sleep(900).then(() => response.end("late")),
  endless: (_, response) => {
    const chunk = Buffer.alloc(2 ** 18, 32);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  },
  "broken off": (_, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("only this", () => response.destroy());
  },
};

async function agent(conduct: Conduct): Promise<AgentAddress> {
  const server: Server = createServer(conducts[conduct]);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return parseAgentAddress(`127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function transport(): Transport {
  const made = new HttpTransport();
  open.push(made);
  return made;
}

describe("http", () => {
  it("brings back status, type and bytes as they are", async () => {
    const { status, contentType, bytes } = await transport().request(await agent("echo"), message, {
      ms: 500,
      bytes: 1000,
    });
    expect([status, contentType, JSON.parse(bytes.toString())]).toEqual([418, "text/echo", message]);
  });

  it.each([
    ["hung", "timeout"],
    ["late", "timeout"],
    ["broken off", "unavailable"],
  ] as const)("tells of an agent that is %s: %s", async (conduct, code) => {
    const asked = transport().request(await agent(conduct), message, { ms: 50, bytes: 1000 });
    await expect(asked).rejects.toMatchObject({ code });
  });

  it("tells of nobody there: unavailable", async () => {
    const asked = transport().request(parseAgentAddress("127.0.0.1:1"), message, { ms: 50, bytes: 1000 });
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
  });

  it("holds no more of an endless reply than it may", async () => {
    const to = await agent("endless");
    const link = transport();
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    for (let round = 0; round < 5; round++) {
      const asked = link.request(to, message, { ms: 5000, bytes: 2 ** 20 });
      await expect(asked).rejects.toMatchObject({ code: "too_large" });
    }
    clearInterval(watch);
    // Both ends are in this process; without the limit it would grow until the time is over.
    expect(most - before).toBeLessThan(40 * 2 ** 20);
  });

  it("keeps apart what is asked at once", async () => {
    const to = await agent("echo");
    const link = transport();
    const texts = Array.from({ length: 60 }, (_, i) => ({ ...message, timeout_ms: 1000 + i }));
    const replies = await Promise.all(texts.map((text) => link.request(to, text, { ms: 2000, bytes: 1000 })));
    expect(replies.map(({ bytes }) => JSON.parse(bytes.toString()))).toEqual(texts);
  });
});
