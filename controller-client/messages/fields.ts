// The fields that several messages share, each with its limits, default and description.

import { type Static, type TSchema, type TUnsafe, Type } from "typebox";
import { keyParts } from "./key-types.js";
import { type ProtocolName, protocolNumbers } from "./protocol-numbers.js";
import type { WindowAsked } from "./windows.js";

const { Boolean: Bool, Enum, Integer, Literal, Number: Num, Optional, String: Text, Union } = Type;

/** Largest sketch id: ids are small integers, counted up by the agent that gave them. */
const maxId = 2 ** 31 - 1;

const protocolNames = Object.keys(protocolNumbers) as ProtocolName[];

type Frozen<V> = V extends readonly (infer Item)[] ? readonly Item[] : V;

/** The message that a schema describes, defaults filled in, read-only throughout. */
export type Message<S extends TSchema> = {
  readonly [Name in keyof Static<S>]: Frozen<Static<S>[Name]>;
};

/** In every message. */
export const anyFields = {
  timeout_ms: Integer({
    minimum: 50,
    maximum: 60_000,
    default: 1000,
    description:
      "milliseconds after which the agent answers with what it has; a bandwidth test's seconds come on top",
  }),
};

/** In every query. */
export const queryFields = {
  ...anyFields,
  scope: Enum(["subtree", "host"], {
    default: "subtree",
    description: "subtree: the agent asked and every agent below it; host: only its own host",
  }),
  detail: Bool({ default: false, description: "true: bounds, coverage and loss besides the value" }),
};

/** Whether to ask twice. */
export const refineField = {
  refine: Bool({
    default: false,
    description: "true: ask hosts once more about keys whose counts are not certain, by name",
  }),
};

/** Relay fields: only agents send them, to each other. Controllers leave them out. */
export const relayFields = {
  form: Optional(Literal("partial", { description: "agents only: answer with a frame that can be merged" })),
  budget_ms: Optional(
    Num({
      minimum: 1,
      maximum: 120_000,
      description: "agents only: milliseconds left of the first agent's time",
    }),
  ),
  path: Optional(
    Type.Array(Text({ minLength: 1, maxLength: 255 }), {
      maxItems: 64,
      description: "agents only: names of the agents above, the root first",
    }),
  ),
  known: Optional(
    Text({
      minLength: 1,
      maxLength: 64,
      description: "agents only: digest of the hosts known to be below, which need not be listed",
    }),
  ),
  epoch: Optional(
    Num({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "agents only: of the root of the roster that the asker knows",
    }),
  ),
};

/** In every query about counts. */
export const countFields = {
  require: Optional(
    Union([Enum(["all"]), Num({ exclusiveMinimum: 0, maximum: 1 })], {
      description:
        "share of the expected hosts, 0 to 1, or all: when fewer answer, an error that names who is missing",
    }),
  ),
  ...queryFields,
  ...relayFields,
};

const uuid = (description: string) => Optional(Text({ format: "uuid", description }));

/** Relay fields of messages that make a sketch. */
export const creationFields = {
  uuid: uuid("agents only: the name of the new sketch between agents"),
  secret: Optional(
    Text({
      format: "secret",
      description: "agents only: 32 hexadecimal characters that key the network's hashes",
    }),
  ),
};

/** Which sketch: by id for controllers, by UUID between agents. Exactly one of the two is present. */
export const sketchFields = {
  sketch_id: Optional(
    Integer({ minimum: 0, maximum: maxId, description: "the id that 'config sketch' answered" }),
  ),
  sketch: uuid("agents only: the name of the sketch between agents, instead of sketch_id"),
};

/** Which watch: by id for controllers, by UUID between agents. */
export const watchFields = {
  watch_id: Optional(Integer({ minimum: 0, maximum: maxId, description: "the id that 'watch' answered" })),
  watch: uuid("agents only: the name of the watch between agents"),
};

/** All parts, with prefixes, have 66 characters, and a key of them 258. */
export const maxKeyType = 80;
export const maxKey = 300;

export const counterKeyType = {
  counter_key_type: Text({
    format: "key-type",
    minLength: 1,
    maxLength: maxKeyType,
    description: `parts of ${keyParts.join(", ")} joined by "_"; src and dst may carry a prefix: src/24_dport`,
  }),
};

/** Reads a counter by a coarser key than it counts. */
export const groupField = {
  group_by: Optional(
    Text({
      format: "key-type",
      minLength: 1,
      maxLength: maxKeyType,
      description:
        "a coarser key type to answer by: some parts of the counter's, in any order, prefixes not longer",
    }),
  ),
};

/** A time in the past; JSON text in forms. */
export const windowField = (description: string) => {
  const forms = `{"last": seconds}, {"from": unix, "to": unix}, a number, which means last, "all" or "realtime"`;
  const schema = { format: "window", description: `${description}; ${forms}` };
  return Optional(Type.Unsafe<WindowAsked>(schema) as TUnsafe<WindowAsked> & typeof schema);
};

/** In queries of a counter. */
export const windowFields = {
  window: windowField("the time asked about; absent: since the counter was made"),
};

const port = (description: string) => Optional(Integer({ minimum: 1, maximum: 65_535, description }));

const endpoint = (description: string) =>
  Optional(Text({ format: "prefix", minLength: 1, maxLength: 64, description }));

export const interfaceNames = ["INPUT", "OUTPUT", "FORWARD", "MIRROR"] as const;

/** How a packet passes a host. */
export type InterfaceName = (typeof interfaceNames)[number];

/** Which packets a counter sees. */
export const filterFields = {
  interface: Enum([...interfaceNames], {
    default: "INPUT",
    description:
      "INPUT: packets that reach the host; OUTPUT: that it sends; FORWARD: that reach it to be routed on; MIRROR: that it sees but that are neither to, from nor through it; loopback is not counted",
  }),
  proto: Optional(
    Union([Enum(protocolNames), Integer({ minimum: 0, maximum: 255 })], {
      description: "protocol by name or by number; absent: all",
    }),
  ),
  src: endpoint("source address or prefix, IPv4 or IPv6; absent: all"),
  dst: endpoint("destination address or prefix; absent: all"),
};

/** What a sketch's filter has besides. */
export const sketchFilterFields = {
  ...filterFields,
  sport: port("source port, for tcp, udp and sctp; absent: all"),
  dport: port("destination port, for tcp, udp and sctp; absent: all"),
  device: Optional(
    Text({
      format: "device",
      minLength: 1,
      maxLength: 15,
      description: "one network device; absent: all but loopback",
    }),
  ),
  inner: Optional(
    Bool({ description: "true: the packets that tunnels carry, by their own headers, and no others" }),
  ),
  filter: Optional(
    Text({
      minLength: 1,
      maxLength: 1000,
      description:
        "what a packet's frame must match besides, in libpcap's language (man pcap-filter): tcp port 80 and net 10.0.0.0/8",
    }),
  ),
  netns: Optional(
    Text({
      minLength: 1,
      maxLength: 64,
      description:
        "network namespace whose packets count, by its label, or all; absent: the monitor's own; the monitor must tap it",
    }),
  ),
  promiscuous: Optional(
    Bool({ description: "true: the device hands over what is addressed to others too, as a mirror needs" }),
  ),
};
