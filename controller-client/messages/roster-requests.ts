// Messages about the roster: the ones that controllers send, and those of agents that join it and keep their place.

import { Type } from "typebox";
import { anyFields, type Message, queryFields, relayFields } from "./fields.js";

const { Array: List, Boolean: Bool, Enum, Integer, Literal, Optional, String: Text } = Type;
const closed = { additionalProperties: false } as const;

const agentName = (description: string) =>
  Text({ format: "agent-name", minLength: 1, maxLength: 255, description });

const agentAddr = (description: string) =>
  Text({ format: "agent-address", minLength: 1, maxLength: 280, description });

const natural = (description: string) =>
  Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

/** Who sends it. */
const sender = {
  agent: agentName("agents only: the name of the agent that sends this"),
  agent_addr: agentAddr("agents only: where it listens"),
  incarnation: natural("agents only: grows with every start of that agent"),
};

/** The root that an agent knows of. */
const knownRoot = {
  roster: Text({ format: "uuid", description: "agents only: which roster" }),
  tree_epoch: natural("agents only: of the root it knows; a higher one fences those before"),
  root: agentName("agents only: the name of that root"),
  root_addr: agentAddr("agents only: where that root listens"),
};

/** Every agent that should answer, its place and its state. */
export const queryRoster = Type.Object(
  { type: Literal("query roster"), ...queryFields, ...relayFields },
  closed,
);

/** Takes an agent off the roster. Answer: text, "ok: ...". */
export const expelAgent = Type.Object(
  {
    type: Literal("expel agent"),
    agent: agentName("its name, as 'query roster' tells it"),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Gives an agent of the roster another name. Answer: text, "ok: ...". */
export const renameAgent = Type.Object(
  {
    type: Literal("rename agent"),
    agent: agentName("its name so far"),
    name: agentName("its name from now on"),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: take me onto the roster. Answer: the place. */
export const joinRoster = Type.Object(
  {
    type: Literal("join roster"),
    ...sender,
    labels: List(Text({ minLength: 3, maxLength: 128 }), {
      maxItems: 16,
      default: [],
      description: "agents only: its failure domains, such as rack=r1",
    }),
    standby: Bool({ default: false, description: "agents only: ready to be the root when it dies" }),
    monitor: Optional(
      Text({ minLength: 1, maxLength: 64, description: "agents only: which monitor it counts by" }),
    ),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: your place, or your root, is another one: join again. Answer: text, "ok". */
export const rejoinRoster = Type.Object(
  {
    type: Literal("rejoin roster"),
    ...knownRoot,
    name: Optional(agentName("agents only: the name that the agent has from now on")),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: I am below you for some seconds more. Answer: the lease. */
export const renewLease = Type.Object(
  {
    type: Literal("renew lease"),
    ...sender,
    ...knownRoot,
    hold: Enum(["parent", "backup", "no"], {
      default: "parent",
      description: "agents only: as its parent, in its parent's place, or not at all (only asking)",
    }),
    revision: natural("agents only: of the configuration that it has taken"),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: I am not below you any more; from the root: off the roster. Answer: text, "ok". */
export const leaveRoster = Type.Object(
  {
    type: Literal("leave roster"),
    ...sender,
    from: Enum(["parent", "roster"], {
      description: "agents only: only from below the asked one, or for good",
    }),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Standbys only: the roster as the root keeps it. Answer: a frame. */
export const copyRoster = Type.Object(
  {
    type: Literal("copy roster"),
    unless_revision: Optional(natural("agents only: leave it out when it is still this one")),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: all that the agents below should count. Answer: a frame. */
export const copyConfiguration = Type.Object(
  { type: Literal("copy configuration"), ...anyFields, ...relayFields },
  closed,
);

export type CopyConfiguration = Message<typeof copyConfiguration>;
export type CopyRoster = Message<typeof copyRoster>;
export type QueryRoster = Message<typeof queryRoster>;
export type ExpelAgent = Message<typeof expelAgent>;
export type RenameAgent = Message<typeof renameAgent>;
export type JoinRoster = Message<typeof joinRoster>;
export type RejoinRoster = Message<typeof rejoinRoster>;
export type RenewLease = Message<typeof renewLease>;
export type LeaveRoster = Message<typeof leaveRoster>;
