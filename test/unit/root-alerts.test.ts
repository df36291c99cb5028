// What a standby copies of its root's alerts: those of sums that last, as often as it asks, until it is the root.

import { describe, expect, it } from "vitest";
import { RootAlerts } from "../../agent/root-alerts.js";
import { SketchBook } from "../../agent/sketch-book.js";
import type { Alert, RootClaim } from "../../controller-client/messages/index.js";
import type { Membership, Send } from "../../overlay/index.js";

const alert: Alert = {
  ...{ watch: "w", agent: "h1", key: "a", value: 8, lower: 8, upper: 8, certain: true, complete: true },
  since: 1,
};

function standby(standby = true, scope: "subtree" | "host" = "subtree") {
  const book = new SketchBook();
  const filter = { interface: "INPUT" } as const;
  const sketch = book.add({ uuid: "s", secret: "0".repeat(32), filter, rule: false, since: 1 });
  const one = { keyType: "src", limit: { above: 5 }, seconds: 1, scope } as const;
  book.watches.add(sketch, { ...one, uuid: "w", inherited: true });
  const claim: RootClaim = {
    ...{ roster: "r", tree_epoch: 1 },
    root: { agent: "h1", agent_addr: "10.0.0.1:8000" },
  };
  const membership: { role: Membership["role"]; claim: RootClaim } = { role: "member", claim };
  const root = { answer: [alert] as unknown, asked: [] as unknown[] };
  const send = (async ({ name }: { readonly name: string }, message: object) => {
    root.asked.push({ name, ...message });
    if (root.answer === undefined) throw new Error("nobody answers");
    return root.answer;
  }) as unknown as Send;
  return {
    rootAlerts: new RootAlerts({ standby, membership, book, send, now: () => 9500 }),
    membership,
    root,
  };
}

describe("the alerts of a root", () => {
  it("are those that last and are of sums, as heard last, and given once", async () => {
    const { rootAlerts, root } = standby();
    root.answer = [alert, { ...alert, key: "b", until: 9 }, { ...alert, agent: undefined, host: "h1" }, {}];
    await rootAlerts.copy();
    expect(root.asked).toMatchObject([{ name: "10.0.0.1:8000", type: "query alerts", since: 9 }]);
    root.answer = undefined;
    await rootAlerts.copy();
    expect(rootAlerts.take("v")).toEqual([]);
    expect(rootAlerts.take("w")).toEqual([alert]);
    expect(rootAlerts.take("w")).toEqual([]);
    root.answer = [];
    await rootAlerts.copy();
    expect(rootAlerts.take("w")).toEqual([]);
  });

  it.each([
    ["another member", standby(false)],
    ["a standby without sums to judge", standby(true, "host")],
  ])("are not asked for by %s", async (_, { rootAlerts, root }) => {
    await rootAlerts.copy();
    expect(root.asked).toEqual([]);
  });

  it("are left as they are by one that became the root", async () => {
    const { rootAlerts, root, membership } = standby();
    await rootAlerts.copy();
    root.answer = [];
    const copying = rootAlerts.copy();
    membership.role = "root";
    await copying;
    await rootAlerts.copy();
    expect(root.asked).toHaveLength(2);
    expect(rootAlerts.take("w")).toEqual([alert]);
  });
});
