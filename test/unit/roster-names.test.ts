// Who keeps a name that two agents claim, and what the one without a place says of it.

import { describe, expect, it } from "vitest";
import { parseAgentAddress, TallyError } from "../../controller-client/messages/index.js";
import { Membership } from "../../overlay/roster/membership.js";
import type { RosterEvent } from "../../overlay/roster/membership-options.js";
import { Reign } from "../../overlay/roster/reign.js";
import { type Newcomer, Roster } from "../../overlay/roster/roster.js";
import type { Send } from "../../overlay/roster/send.js";
import { systemTime } from "../../overlay/time.js";

const agent = (name: string, port: number): Newcomer => ({
  ...{ name, addr: `10.0.0.1:${port}`, incarnation: port, labels: {}, standby: false },
});

/** Fails with these errors in turn, then goes on with the last. */
function failing(...codes: readonly ("timeout" | "unavailable" | "conflict")[]): Send {
  const left = [...codes];
  return async () => {
    throw new TallyError((left.length > 1 ? left.shift() : left[0]) ?? "internal", "as told");
  };
}

async function reignOf(send: Send): Promise<Reign> {
  const roster = Roster.begin("r", 2, agent("root", 1));
  const reign = new Reign({ roster, send, save: async () => undefined });
  await reign.join(agent("a", 2));
  return reign;
}

describe("a name that another agent has", () => {
  it("stays with an agent that is slow once", async () => {
    const reign = await reignOf(failing("timeout"));
    await expect(reign.join(agent("a", 3))).rejects.toMatchObject({ code: "unavailable" });
    expect(reign.roster.get("a")?.addr).toBe("10.0.0.1:2");
  });

  it("goes to the newcomer when the other is slow again", async () => {
    const reign = await reignOf(failing("timeout"));
    await reign.join(agent("a", 3)).catch(() => undefined);
    await expect(reign.join(agent("a", 3))).resolves.toMatchObject({ agent: "a", parent: { agent: "root" } });
    expect(reign.roster.get("a")?.addr).toBe("10.0.0.1:3");
  });

  it("goes to the newcomer at once when nobody is at the other's address", async () => {
    const reign = await reignOf(failing("unavailable"));
    await expect(reign.join(agent("a", 3))).resolves.toMatchObject({ agent: "a" });
  });
});

it("an agent without a place says each kind of reason once", async () => {
  const events: RosterEvent[] = [];
  const membership = new Membership({
    self: {
      ...{ address: parseAgentAddress("10.0.0.1:3"), incarnation: 3, labels: {}, standby: false },
      monitor: () => undefined,
      name: { get: () => "a", set: () => undefined },
    },
    ...{ seeds: [parseAgentAddress("10.0.0.1:1")], kept: {}, keep: async () => undefined, time: systemTime },
    send: failing("timeout", "conflict", "timeout", "conflict"),
    ...{ fetchRoster: async () => undefined, chance: Math.random, revision: () => 0 },
    ...{ onLease: () => undefined, onEvent: (event) => events.push(event) },
  });
  for (let beats = 0; beats < 6; beats++) await membership.beat();
  expect(events.map((event) => "code" in event && event.code)).toEqual(["timeout", "conflict"]);
});
