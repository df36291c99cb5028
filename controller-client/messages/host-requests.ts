// Messages about one exact rule, bandwidth, the tree of agents and an agent's own state.

import { Type } from "typebox";
import {
  anyFields,
  countFields,
  creationFields,
  filterFields,
  type Message,
  queryFields,
  relayFields,
} from "./fields.js";

const { Enum, Integer, Literal, Optional, String: Text } = Type;
const closed = { additionalProperties: false } as const;

/** Starts the exact count of one rule. Answer: text, "ok: ...". */
export const configCounter = Type.Object(
  {
    type: Literal("config counter"),
    ...filterFields,
    target: Optional(
      Text({
        format: "target",
        minLength: 1,
        maxLength: 64,
        description: "only ACCEPT: this system measures",
      }),
    ),
    ...anyFields,
    ...creationFields,
    ...relayFields,
  },
  closed,
);

/** The exact count of one rule, found by the same fields that made it. Answer: [packets, bytes]. */
export const queryCounter = Type.Object(
  { type: Literal("query counter"), ...filterFields, ...countFields },
  closed,
);

const host = (description: string) => Text({ format: "address", minLength: 1, maxLength: 64, description });

const seconds = Integer({
  minimum: 1,
  maximum: 30,
  default: 3,
  description: "length of the test in seconds",
});

/** Bandwidth from one host to another, by a test. Answer: MBytes/s (10^6 bytes). */
export const queryBw = Type.Object(
  {
    type: Literal("query bw"),
    src: host("the address of the host that sends"),
    dst: host("the address of the host that receives"),
    method: Enum(["tcp"], { default: "tcp", description: "how it is measured: tcp, by iperf3" }),
    seconds,
    ...queryFields,
    ...relayFields,
  },
  closed,
);

/** Agents only: open a one-off test server for `src`. Answer: {port}. */
export const serveBw = Type.Object(
  {
    type: Literal("serve bw"),
    src: host("the address of the host that will send"),
    seconds,
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** The state of the asked agent, its monitor and its tap. */
export const queryStatus = Type.Object(
  { type: Literal("query status"), ...queryFields, ...relayFields },
  closed,
);

/** Puts an agent below the asked one. Answer: text, "ok: ...". */
export const addLeafAgent = Type.Object(
  {
    type: Literal("add leaf agent"),
    agent_addr: Text({
      format: "agent-address",
      minLength: 1,
      maxLength: 280,
      description: 'where it listens: "10.0.0.3", "10.0.0.3:8000" or "http://10.0.0.3:8000"',
    }),
    ...anyFields,
    ...relayFields,
  },
  closed,
);

/** The agents right below the asked one. */
export const queryLeafAgents = Type.Object(
  { type: Literal("query leaf agents"), ...queryFields, ...relayFields },
  closed,
);

export type ConfigCounter = Message<typeof configCounter>;
export type QueryCounter = Message<typeof queryCounter>;
export type QueryBw = Message<typeof queryBw>;
export type ServeBw = Message<typeof serveBw>;
export type QueryStatus = Message<typeof queryStatus>;
export type AddLeafAgent = Message<typeof addLeafAgent>;
export type QueryLeafAgents = Message<typeof queryLeafAgents>;
