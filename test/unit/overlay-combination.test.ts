// Adding up the replies of many children, some of which cannot be added.

import { expect, it } from "vitest";
import { parseAgentAddress } from "../../controller-client/messages/index.js";
import { noClocks } from "../../overlay/clocks.js";
import { Combination } from "../../overlay/combination.js";
import { systemTime } from "../../overlay/index.js";
import { KnownHosts } from "../../overlay/known-hosts.js";
import { noLoss } from "../../overlay/loss.js";
import { sumCodec } from "./overlay-grove.js";

const tooLarge = 10n ** 395n;

/** Of a child that stands for itself and for `others`. */
function reply(index: number, payload: bigint, others: readonly string[] = []) {
  const name = `10.0.0.${index}:8000`;
  const address = parseAgentAddress(name);
  const partial = { name, hosts: [name, ...others], missing: [], loss: noLoss, payload };
  return {
    child: { address, state: "unknown" } as const,
    partial,
    clocks: noClocks,
    behind: [],
    bytes: 400_000,
  };
}

const combination = () => {
  const known = new KnownHosts(systemTime);
  const sum = new Combination({ name: "10.0.0.0:8000", path: [], codec: sumCodec, known, levels: () => 1 });
  sum.addOwn({ payload: 1n, loss: noLoss });
  return sum;
};

it("adds a few megabytes at a time and leaves out only the replies that cannot be added", () => {
  const sum = combination();
  for (let i = 1; i <= 20; i++) sum.addReply(reply(i, i % 7 === 0 ? tooLarge : 2n ** BigInt(i)));
  const { payload, hosts, missing } = sum.result();
  const added = Array.from({ length: 20 }, (_, i) => i + 1).filter((i) => i % 7 !== 0);
  expect(payload).toBe(added.reduce((all, i) => all + 2n ** BigInt(i), 1n));
  expect(hosts).toHaveLength(added.length + 1);
  expect(missing.map(({ host, reason }) => [host, reason])).toEqual([
    ["10.0.0.7:8000", "bad_reply"],
    ["10.0.0.14:8000", "bad_reply"],
  ]);
});

it("takes a host from the next reply when the first that named it cannot be added", () => {
  const sum = combination();
  sum.addReply(reply(1, tooLarge, ["10.0.0.2:8000"]));
  sum.addReply(reply(2, 8n));
  const { payload, hosts, missing } = sum.result();
  expect([payload, hosts]).toEqual([9n, ["10.0.0.0:8000", "10.0.0.2:8000"]]);
  expect(missing.map(({ host }) => host)).toEqual(["10.0.0.1:8000"]);
});
