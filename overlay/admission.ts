// Whether an agent may be added by hand below another one: not when that made a loop, or counted a host twice.

import { type AgentAddress, TallyError } from "../controller-client/messages/index.js";
import type { Child } from "./children.js";
import { type Asker, type Gathered, gather } from "./gather.js";
import { KnownHosts } from "./known-hosts.js";
import { rollCall, rollCallQuestion } from "./roll-call.js";

export interface Admitting {
  /** The agent that is to be the parent, with the children it has. */
  readonly asker: Asker;
  readonly self: AgentAddress;
}

/** A host that answered this lately is taken to be alive where it is. */
export const aliveMs = 10_000;

/** Throws loop for the agent itself. */
export function refuseSelf({ asker, self }: Admitting, address: AgentAddress): void {
  if (address.name !== asker.name && address.name !== self.name) return;
  throw refusal("loop", `${address.name} is this agent itself: an agent cannot be its own child`);
}

/** Rejects with loop, or conflict. The agent is asked before it is a child, so that a refused one leaves no trace. */
export async function refuseTaken(
  { asker }: Admitting,
  address: AgentAddress,
  budgetMs: number,
): Promise<void> {
  const candidate: Child = { address, state: "unknown" };
  const scratch: Asker = { ...asker, children: [candidate], known: new KnownHosts(asker.time) };
  const theirs = await gather(scratch, rollCallQuestion({ request: rollCall, budgetMs }));
  refuseHeld(theirs, address);
  if (candidate.state === "up") refuseLoop(theirs, asker, { address, known: scratch.known });
  refuseKnown(theirs, asker, address);
}

function refuseHeld({ missing }: Gathered<unknown>, address: AgentAddress): void {
  const held = missing.find(({ reason }) => reason === "conflict");
  if (held === undefined) return;
  const advice = "the roster says who is below whom; expel it there first";
  throw refusal("conflict", `${address.name} refuses: ${held.message}; ${advice}`);
}

interface Found {
  readonly address: AgentAddress;
  readonly known: KnownHosts;
}

function refuseLoop({ missing }: Gathered<unknown>, { name }: Asker, { address, known }: Found): void {
  const looped = missing.some(({ host, reason }) => reason === "loop" || host === name);
  if (!looped && known.via(name) === undefined) return;
  const advice = "adding it here would make a loop; remove one of the two links";
  throw refusal("loop", `${address.name} has ${name} below it: ${advice}`);
}

function refuseKnown({ hosts }: Gathered<unknown>, { name, known }: Asker, address: AgentAddress): void {
  const livesElsewhere = (host: string) => {
    const via = known.via(host);
    return via !== undefined && via !== address.name && known.seenWithin(host, aliveMs);
  };
  const taken = hosts.find((host) => host !== name && livesElsewhere(host));
  if (taken === undefined) return;
  const via = known.via(taken) ?? "another agent";
  const message = `${taken} is below ${via} already: adding ${address.name} here would count it twice`;
  throw refusal("conflict", message);
}

const refusal = (code: "loop" | "conflict", message: string): TallyError =>
  new TallyError(code, message, { field: "agent_addr" });
