// A counter sized by accuracy on every host of a tree, and the price of it.

import { afterAll, expect, it } from "vitest";
import { counterBytes } from "../../native/index.js";
import { removeCaptures, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

it("a counter sized by accuracy has its capacity on every host, and says what it may cost", async () => {
  const village = new Village();
  const root = village.add([]);
  const child = village.add([]);
  await village.link(0, 1);
  await root.ask({ type: "config sketch" });
  const accuracy = { share: 0.1, width: 0.01 };
  const config = { type: "config sketch counter", sketch_id: 0, counter_key_type: "src", accuracy };
  const bytes = counterBytes({ keyType: "src", increment: "pkt", capacity: 1334 });
  expect((await root.ask(config)).value).toBe(
    `ok: sketch 0 counts pkt by src; heavy hitters above 0.1; capacity 1334; at most ${bytes} bytes on each host`,
  );
  for (const { ask } of [root, child]) {
    expect((await ask({ type: "query sketches" })).value[0].counters[0].capacity).toBe(1334);
  }
  const both = await root.ask({ ...config, capacity: 4096 });
  expect([both.status, both.value.error.field]).toEqual([400, "capacity"]);
});
