// Partial answers between agents, by the typed client against a real HTTP server.

import { describe, expect, test } from "vitest";
import { encodeFrame, frameContentType, TallyError } from "../../controller-client/index.js";
import { connected, type FakeAnswer, failure } from "./client-fakes.js";

describe("partial answers", () => {
  const frame = (head: object, body: Uint8Array): FakeAnswer => {
    return (response) =>
      response.writeHead(200, { "content-type": frameContentType }).end(encodeFrame({ head, body }));
  };
  const relayed = {
    type: "query heavy hitters",
    counter_key_type: "src",
    budget_ms: 200,
    path: ["root"],
  } as const;
  const sketch = "b5ae6a1c-1111-4111-8111-111111111111";

  test("are frames; the request says so", async () => {
    const { client, agent } = await connected(frame({ hosts: ["a"] }, Uint8Array.of(1, 2, 3)));
    const answer = await client.partial({ ...relayed, sketch });
    expect(answer.head).toEqual({ hosts: ["a"] });
    expect([...answer.body]).toEqual([1, 2, 3]);
    expect(agent.asked[0]).toMatchObject({ form: "partial", sketch, budget_ms: 200, path: ["root"] });
  });

  test("carry the child's errors", async () => {
    const { client } = await connected(new TallyError("loop", "it is above itself"));
    expect(await failure(client.partial({ ...relayed, sketch }))).toMatchObject({ code: "loop" });
  });

  test.each<readonly [string, FakeAnswer]>([
    ["JSON", { a: 1 }],
    [
      "a malformed frame",
      (response) => response.writeHead(200, { "content-type": frameContentType }).end("short"),
    ],
  ])("%s instead of a frame: incompatible", async (_name, answer) => {
    const { client } = await connected(answer);
    expect(await failure(client.partial({ ...relayed, sketch }))).toMatchObject({ code: "incompatible" });
  });

  test("wait for the budget, not for the timeout", async () => {
    const { client } = await connected(() => {});
    const started = performance.now();
    const error = await failure(client.partial({ ...relayed, sketch, budget_ms: 60, timeout_ms: 60_000 }));
    expect(error).toMatchObject({ code: "timeout" });
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
