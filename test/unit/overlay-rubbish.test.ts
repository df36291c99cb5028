// Children that answer rubbish: each is missing with a reason, and the rest of the answer is right.

import { describe, expect, it } from "vitest";
import { type Frame, TallyError } from "../../controller-client/messages/index.js";
import { expectHonest, reasons, star } from "./overlay-grove.js";

/** Of a child without children. */
const head = (change: (head: Record<string, unknown>) => void) => (frame: Frame) => {
  const { all_of: _, ...rest } = structuredClone(frame.head) as Record<string, unknown>;
  const copy: Record<string, unknown> = { hosts: [rest.name], ...rest };
  change(copy);
  return { head: copy, body: frame.body };
};

const rubbish: readonly (readonly [string, (frame: Frame) => unknown])[] = [
  ["nothing", () => undefined],
  ["text", () => "hello"],
  ["a head of null", () => ({ head: null, body: new Uint8Array() })],
  ["no hosts", head((it) => delete it.hosts)],
  ["a set of hosts that nobody knows", head((it) => Object.assign(it, { hosts: undefined, all_of: "0123" }))],
  [
    "a stranger missing in a set that is known",
    (frame) => ({ ...frame, head: { ...frame.head, missing: [{ host: "x", reason: "error" }] } }),
  ],
  ["hosts that are numbers", head((it) => Object.assign(it, { hosts: [1, 2] }))],
  ["a host twice", head((it) => Object.assign(it, { hosts: [it.name, it.name] }))],
  [
    "a host both here and missing",
    head((it) => Object.assign(it, { missing: [{ host: it.name, reason: "error" }] })),
  ],
  ["somebody else only", head((it) => Object.assign(it, { hosts: ["10.9.9.9:8000"] }))],
  ["its parent", head((it) => Object.assign(it, { hosts: [it.name, "10.0.0.0:8000"] }))],
  ["a name with a line break", head((it) => Object.assign(it, { name: "a\nb", hosts: ["a\nb"] }))],
  [
    "too many hosts",
    head((it) => Object.assign(it, { hosts: Array.from({ length: 70_000 }, (_, i) => `h${i}`) })),
  ],
  ["a reason that is none", head((it) => Object.assign(it, { missing: [{ host: "x", reason: "bored" }] }))],
  ["a negative sum", head((it) => Object.assign(it, { sum: "-5" }))],
  ["a sum that is NaN", head((it) => Object.assign(it, { sum: Number.NaN }))],
  ["a sum that can be read and not added", head((it) => Object.assign(it, { sum: "9".repeat(400) }))],
  ["no sum", head((it) => delete it.sum)],
  ["a negative loss", head((it) => Object.assign(it, { loss: { ...(it.loss as object), seen: -1 } }))],
  [
    "a loss of 1.5",
    head((it) => Object.assign(it, { loss: { ...(it.loss as object), lost: { ring: 1.5 } } })),
  ],
];

describe("a child that answers rubbish", () => {
  it.each(rubbish)("%s: it is missing, the others are right", async (_, reply) => {
    const grove = await star(3);
    grove.node(2).fault = { kind: "rubbish", reply };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(2).name]: "bad_reply" });
  });

  it.each([
    ["incompatible", "bad_reply"],
    ["not_found", "no_sketch"],
    ["unavailable", "refused"],
    ["tap", "error"],
  ] as const)("says %s: it is missing as %s", async (code, reason) => {
    const grove = await star(2);
    grove.node(1).fault = { kind: "says", error: new TallyError(code, "x".repeat(9000)) };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(1).name]: reason });
    expect(gathered.missing[0]?.message?.length).toBeLessThan(400);
  });

  it("claims its sibling's host: the sibling speaks for itself, the claim is a conflict", async () => {
    const grove = await star(3);
    const claims = [1, 2, 3].map((index) => grove.node(index).name);
    grove.node(2).fault = { kind: "rubbish", reply: head((it) => Object.assign(it, { hosts: claims })) };
    const gathered = await grove.ask(0);
    expectHonest(grove, gathered);
    expect(reasons(gathered)).toEqual({ [grove.node(2).name]: "conflict" });
  });
});
