// Which root of which roster: claims as agents tell them to each other, compared so that only one stands.

import { Type } from "typebox";
import { Compile } from "typebox/compile";
import {
  type AgentAddress,
  type LeaseAnswer,
  type Peer,
  type PlaceAnswer,
  parseAgentAddress,
  type RootClaim,
  TallyError,
} from "../../controller-client/messages/index.js";
import { hostName } from "../partial.js";
import type { Member, RosterRecord } from "./roster.js";

export const addressOf = ({ agent_addr }: Peer): AgentAddress => parseAgentAddress(agent_addr);

export const peerOf = ({ name, addr }: Member): Peer => ({ agent: name, agent_addr: addr });

export const samePeer = (a: Peer | undefined, b: Peer | undefined): boolean =>
  a?.agent === b?.agent && a?.agent_addr === b?.agent_addr;

/** Positive when `a` fences `b`: by its epoch, and of two that took over at once by name. */
export function compareClaims(a: RootClaim, b: RootClaim): number {
  if (a.tree_epoch !== b.tree_epoch) return a.tree_epoch - b.tree_epoch;
  if (a.root.agent === b.root.agent) return 0;
  return a.root.agent > b.root.agent ? 1 : -1;
}

/** A claim as the fields of a message carry it. */
export const claimFields = ({ roster, tree_epoch, root }: RootClaim) => ({
  roster,
  tree_epoch,
  root: root.agent,
  root_addr: root.agent_addr,
});

/** The other direction. */
export const claimOf = (fields: ReturnType<typeof claimFields>): RootClaim => ({
  roster: fields.roster,
  tree_epoch: fields.tree_epoch,
  root: { agent: fields.root, agent_addr: fields.root_addr },
});

const natural = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const text = Type.String({ minLength: 1, maxLength: 280 });
const peer = Type.Object({ agent: hostName, agent_addr: text });
const claim = { roster: text, tree_epoch: natural, root: peer };

const place = Compile(
  Type.Object({ ...claim, agent: hostName, parent: peer, backups: Type.Array(peer, { maxItems: 8 }) }),
);
const lease = Compile(
  Type.Object({
    ...claim,
    lease_ms: natural,
    path: Type.Array(hostName, { maxItems: 64 }),
    uprooted_ms: Type.Number({ minimum: 0 }),
    revision: natural,
    hash: Type.String({ maxLength: 64 }),
  }),
);

const member = Type.Object({
  name: hostName,
  addr: text,
  incarnation: natural,
  slot: natural,
  labels: Type.Record(Type.String(), Type.String()),
  standby: Type.Boolean(),
  monitor: Type.Optional(text),
});

const record = Compile(
  Type.Object({
    id: text,
    epoch: natural,
    revision: natural,
    fan_out: Type.Integer({ minimum: 1, maximum: 1024 }),
    members: Type.Array(member, { minItems: 1, maxItems: 65_536 }),
    gone: Type.Array(Type.Tuple([hostName, natural]), { maxItems: 65_536 }),
  }),
);

/** Throw incompatible for what no agent of this kind answers. */
export const placeIn = (value: unknown): PlaceAnswer => checked((one) => place.Check(one), value, "place");
export const leaseIn = (value: unknown): LeaseAnswer => checked((one) => lease.Check(one), value, "lease");
export const recordIn = (value: unknown): RosterRecord =>
  checked((one) => record.Check(one), value, "roster");

function checked<T>(fits: (value: unknown) => boolean, value: unknown, what: string): T {
  if (fits(value)) return value as T;
  throw new TallyError("incompatible", `this is no ${what}: check that the agents are of one version`);
}
