// What the agent and its monitor say to each other: one request or answer a frame on the unix socket.
// A request's head is {id, op, ...fields}; an answer's head is {id, ok: true, ...} or {id, error}, with a body for ledgers.

import { type Static, Type } from "typebox";
import { interfaceNames, tapKinds } from "../controller-client/messages/index.js";
import { type ProtocolName, protocolNumbers } from "../controller-client/messages/protocol-numbers.js";
import type { Offloads, Span, TapStats } from "../native/index.js";

const exact = { additionalProperties: false } as const;
const Uuid = Type.String({ minLength: 1, maxLength: 64, description: "name of the sketch between agents" });
const KeyType = Type.String({ minLength: 1, maxLength: 80, description: 'parts joined by "_": "src_dport"' });
const Second = Type.Integer({ minimum: 0, maximum: 1e11 });
const Window = Type.Union([
  Type.Literal("all"),
  Type.Literal("realtime"),
  Type.Object({ from: Second, to: Second }, exact),
]);
const Port = Type.Integer({ minimum: 1, maximum: 65535 });
const Address = Type.String({ minLength: 2, maxLength: 64 });
const TapKind = Type.Enum([...tapKinds]);

/** Kept for the agent and handed back by `sketches`; the monitor never looks inside. */
const Meta = Type.Record(Type.String(), Type.Unknown());

const protocolNames = Object.keys(protocolNumbers) as ProtocolName[];
const Proto = Type.Union([Type.Enum(protocolNames), Type.Integer({ minimum: 0, maximum: 255 })]);

/** Which packets a sketch counts, in the words of `config sketch`. Absent fields match everything. */
const SketchFilter = Type.Object(
  {
    interface: Type.Enum([...interfaceNames]),
    proto: Type.Optional(Proto),
    src: Type.Optional(Address),
    dst: Type.Optional(Address),
    sport: Type.Optional(Port),
    dport: Type.Optional(Port),
    device: Type.Optional(Type.String({ minLength: 1, maxLength: 15 })),
    promiscuous: Type.Optional(Type.Boolean()),
    inner: Type.Optional(Type.Boolean()),
    filter: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    netns: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  exact,
);

const CounterSpec = Type.Object(
  {
    keyType: KeyType,
    increment: Type.Union([Type.Literal("pkt"), Type.Literal("bytes")]),
    capacity: Type.Integer({ minimum: 16, maximum: 1048576 }),
    distinct: Type.Optional(Type.Number({ minimum: 0.003, maximum: 0.05 })),
    spread: Type.Optional(Type.Array(KeyType, { minItems: 1, maxItems: 4 })),
  },
  exact,
);

const NewSketch = Type.Object(
  {
    uuid: Uuid,
    secret: Type.String({ pattern: "^[0-9a-f]{32}$", description: "16 bytes as hex: keys the hashes" }),
    filter: SketchFilter,
    sizes: Type.Optional(Type.Boolean({ description: "keep the sizes of its packets" })),
    tap: Type.Optional(TapKind),
    meta: Meta,
  },
  exact,
);

/** What an agent says before all else on each connection; other programs do not. */
const Introduction = Type.Object(
  {
    agent: Type.String({ minLength: 1, maxLength: 300, description: "its address" }),
    pid: Type.Integer({ minimum: 1 }),
    key: Type.String({
      minLength: 1,
      maxLength: 64,
      description: "the same on all connections of one process",
    }),
    second: Type.Optional(
      Type.Boolean({
        description: "the monitor it greeted last, perhaps the one before, served another agent",
      }),
    ),
  },
  exact,
);

/** The fields of each operation: the monitor checks every request against its row. */
export const requests = {
  introduce: Introduction,
  hello: Type.Object({}, exact),
  "add sketch": NewSketch,
  "add counter": Type.Object({ uuid: Uuid, spec: CounterSpec, meta: Meta }, exact),
  "set meta": Type.Object({ uuid: Uuid, meta: Meta }, exact),
  "remove sketch": Type.Object({ uuid: Uuid }, exact),
  sketches: Type.Object({}, exact),
  ledger: Type.Object({ uuid: Uuid, keyType: KeyType, window: Window }, exact),
  distinct: Type.Object({ uuid: Uuid, keyType: KeyType, window: Window }, exact),
  spread: Type.Object({ uuid: Uuid, keyType: KeyType, window: Window, by: KeyType }, exact),
  interval: Type.Object(
    { uuid: Uuid, keyType: KeyType, key: Type.String({ maxLength: 300 }), window: Window },
    exact,
  ),
  sizes: Type.Object({ uuid: Uuid, window: Window }, exact),
  totals: Type.Object({ uuid: Uuid }, exact),
  stats: Type.Object({}, exact),
} as const;

export type Operation = keyof typeof requests;
export type Fields<O extends Operation> = Static<(typeof requests)[O]>;

export type TapKind = Static<typeof TapKind>;
export type Meta = Readonly<Record<string, unknown>>;
export type SketchFilter = Readonly<Static<typeof SketchFilter>>;

/** One counter with what the agent keeps beside it (its threshold). */
export interface CounterRecord {
  readonly spec: Readonly<Static<typeof CounterSpec>>;
  readonly meta: Meta;
}

/** What of two counters of one key type is not the same. */
export const differingField = (one: Comparable, other: Comparable) =>
  (["increment", "capacity", "distinct", "spread"] as const).find(
    (name) => String(one[name]) !== String(other[name]),
  );

type Comparable = Readonly<Record<"increment" | "capacity", unknown>> & {
  readonly distinct?: unknown;
  readonly spread?: unknown;
};

/** All an agent needs to go on after a restart of its own. */
export interface SketchRecord {
  readonly uuid: string;
  /** 32 hex characters. */
  readonly secret: string;
  readonly filter: SketchFilter;
  /** Whether the sizes of its packets are kept. */
  readonly sizes?: boolean;
  readonly meta: Meta;
  readonly counters: readonly CounterRecord[];
}

export interface TapState {
  /** A capture file is no host's tap, and read in the same way. */
  readonly kind: TapKind | "file";
  /** Why this one, when the choice was left to the monitor. */
  readonly why?: string;
  readonly state: "running" | "failed";
  /** Why it failed, in a sentence. */
  readonly reason?: string;
}

export interface Hello {
  readonly version: number;
  /** Another value than before: the monitor was started anew. */
  readonly instance: string;
  /** Whether it goes on from its predecessor's checkpoint; then its books tell the gap. */
  readonly resumed?: boolean;
  readonly tap: TapState;
}

/** Bytes of RAM that counters and sizes may take, and what the present ones were charged. */
export interface MemoryState {
  readonly used: number;
  readonly budget: number;
}

export interface MonitorStats {
  readonly tap: TapState;
  /** Absent once the tap has failed. */
  readonly stats?: TapStats;
  readonly offloads: Offloads;
  readonly memory: MemoryState;
  readonly sketches: number;
  /** Milliseconds since the monitor was started. */
  readonly uptimeMs: number;
}

/** What each operation answers, besides a body; 64-bit counts travel as decimal text. */
export interface Answers {
  introduce: Record<never, never>;
  hello: Hello;
  "add sketch": { readonly added: boolean };
  "add counter": { readonly added: boolean };
  "set meta": Record<never, never>;
  "remove sketch": Record<never, never>;
  sketches: { readonly sketches: readonly SketchRecord[] };
  ledger: Span;
  distinct: Span;
  spread: Span;
  sizes: Span;
  interval: Span & { readonly lower: string; readonly upper: string };
  totals: { readonly packets: string; readonly bytes: string; readonly buffers: string };
  stats: MonitorStats;
}

/** Raised when a request or an answer changes its meaning. */
export const protocolVersion = 4;

/** Where the monitor listens unless told otherwise. */
export const defaultSocket = "/run/tallytree/monitor.sock";
