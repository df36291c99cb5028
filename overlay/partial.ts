// A partial answer: which hosts it holds, who is missing, what was lost, and a payload that only its reader understands.

import { Type } from "typebox";
import { Compile } from "typebox/compile";
import {
  type Frame,
  type HostBehind,
  type Loss,
  type MissingHost,
  missingReasons,
} from "../controller-client/messages/index.js";
import type { Configured } from "./behind.js";
import { mostLevels } from "./children.js";
import type { Clock, Clocks } from "./clocks.js";
import { digestOf, type HostSet } from "./host-set.js";

/** How payloads travel and add up; the overlay itself never looks inside one. */
export interface Codec<P> {
  /** Longest that a written payload can be; absent for a few fields. */
  readonly mostBytes?: number;
  /** What each host in it may add to that. */
  readonly bytesPerHost?: number;
  /** Fields for the frame's head, of other names than those of a partial, and a body if there is one. */
  write(payload: P): { readonly fields: object; readonly body?: Uint8Array };
  /** Throws for what it can see that write cannot have made: the reply is then left out. */
  read(fields: Readonly<Record<string, unknown>>, body: Uint8Array): P;
  /**
   * Adds the payloads of disjoint sets of hosts, at least one. Throws when they do not fit together, or when one is
   * what write cannot have made: those that do it alone as well are then left out.
   */
  merge(payloads: readonly P[]): P;
}

/** What the agents of one subtree say together. `payload` is absent when none of them answered. */
export interface Partial<P> {
  /** The agent that speaks. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** Of agents below it; absent: an agent of before, which does not say. */
  readonly levels?: number;
  /** Of the root of the roster that it follows. */
  readonly epoch?: number;
  /** Present when these and the missing ones are the set of that digest, which the asker knows. */
  readonly all_of?: string;
  readonly missing: readonly MissingHost[];
  readonly loss: Loss;
  /** When the question came to it, and when it answered, by its own clock. */
  readonly clock?: Clock;
  /** Of `hosts`, by its own. */
  readonly clocks?: Clocks;
  /** What it has of the configuration that the agent above wants. */
  readonly taken?: Configured;
  /** Of `hosts`, those whose configuration is not the one that it wants. */
  readonly behind?: readonly HostBehind[];
  readonly payload?: P;
}

/** Hosts that one reply may name, those missing included. */
export const maxHosts = 65_536;

/** Losses, a few fields, names of some new hosts. */
const fixedBytes = 2 ** 16;
/** A host that is missing: its name, and why. */
const missingBytes = 512;

/** Longest frame that encodePartial makes of so many hosts: what more comes is rubbish. */
export function longestPartial({ mostBytes = 0, bytesPerHost = 0 }: Sizes, hosts: number): number {
  return mostBytes + fixedBytes + (missingBytes + bytesPerHost) * hosts;
}

type Sizes = Pick<Codec<unknown>, "mostBytes" | "bytesPerHost">;

const sum = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const sums = Type.Record(Type.String({ maxLength: 64 }), sum, { maxProperties: 64 });
const word = Type.String({ maxLength: 128 });
const names = Type.Array(word, { maxItems: 64 });
const time = Type.Number({ minimum: 0, maximum: 1e14 });
const difference = Type.Number({ minimum: -1e14, maximum: 1e14 });
/** An agent's name: printable, without spaces. */
export const hostName = Type.String({ pattern: "^[\\x21-\\x7e]{1,255}$" });
const gap = Type.Object({
  host: hostName,
  from: time,
  to: Type.Optional(time),
  reason: word,
  netns: Type.Optional(word),
});

const head = Compile(
  Type.Object({
    name: hostName,
    /** Absent with `all_of`: those of that set that are not missing. */
    hosts: Type.Optional(Type.Array(hostName, { maxItems: maxHosts })),
    levels: Type.Optional(Type.Integer({ minimum: 0, maximum: mostLevels })),
    epoch: Type.Optional(sum),
    /** The digest of a set of hosts that the parent said it knows. */
    all_of: Type.Optional(Type.String({ maxLength: 64 })),
    missing: Type.Array(
      Type.Object({
        host: hostName,
        reason: Type.Enum([...missingReasons]),
        message: Type.Optional(Type.String({ maxLength: 500 })),
        last_seen: Type.Optional(Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,12}Z$" })),
      }),
      { maxItems: maxHosts },
    ),
    clock: Type.Optional(Type.Object({ received: time, sent: time })),
    clocks: Type.Optional(
      Type.Object({
        apart: Type.Array(Type.Object({ host: hostName, ms: difference, error_ms: time }), {
          maxItems: maxHosts,
        }),
        within_ms: time,
      }),
    ),
    taken: Type.Optional(Type.Object({ revision: sum, hash: Type.String({ maxLength: 64 }) })),
    behind: Type.Optional(
      Type.Array(Type.Object({ host: hostName, revisions: Type.Optional(difference) }), {
        maxItems: maxHosts,
      }),
    ),
    loss: Type.Object({
      complete: Type.Boolean(),
      unit: Type.Literal("skb"),
      unkeyed_unit: Type.Literal("packets"),
      seen: sum,
      counted: sum,
      filtered: sum,
      unkeyed: sum,
      lost: sums,
      unparsed: sums,
      ignored: sums,
      estimated: sum,
      gaps: Type.Array(gap, { maxItems: maxHosts }),
      offloads: names,
      observation_points: names,
    }),
  }),
);

/** The frame of a partial answer. `known`: the digest of the hosts that the asker knows here; it need not be told them. */
export function encodePartial<P>(
  { payload, ...rest }: Partial<P>,
  codec: Codec<P>,
  known?: string,
): Frame<object> {
  const told = known === undefined ? rest : shortened(rest, known);
  if (payload === undefined) return { head: told, body: new Uint8Array() };
  const { fields, body } = codec.write(payload);
  return { head: { ...fields, ...told }, body: body ?? new Uint8Array() };
}

function shortened({ hosts, ...rest }: Omit<Partial<unknown>, "payload">, known: string): object {
  const isKnown = digestOf([...hosts, ...rest.missing.map(({ host }) => host)]) === known;
  return isKnown ? { ...rest, all_of: known } : { ...rest, hosts };
}

/** Throws for any frame that encodePartial cannot have made. `known`: the hosts that the question said are known. */
export function decodePartial<P>(frame: Frame, codec: Codec<P>, known?: HostSet): Partial<P> {
  if (!head.Check(frame.head)) throw new Error(`its head is malformed: ${firstError(frame.head)}`);
  const {
    name,
    hosts: listed,
    levels,
    epoch,
    all_of,
    missing,
    loss,
    clock,
    clocks,
    taken,
    behind,
    ...fields
  } = frame.head;
  const hosts = all_of === undefined ? (listed ?? []) : answeredOf(known, all_of, missing);
  const named = [...hosts, ...missing.map(({ host }) => host)];
  if (new Set(named).size !== named.length) throw new Error("it names a host twice");
  if (!named.includes(name)) throw new Error(`it comes from ${name} and does not name it`);
  const told = {
    ...(levels === undefined ? {} : { levels }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(all_of === undefined ? {} : { all_of }),
    ...(clock === undefined ? {} : { clock }),
    ...(clocks === undefined ? {} : { clocks }),
    ...(taken === undefined ? {} : { taken }),
    ...(behind === undefined ? {} : { behind }),
  };
  const partial = { name, hosts, missing, loss, ...told };
  return hosts.length === 0 ? partial : { ...partial, payload: codec.read(fields, frame.body) };
}

function answeredOf(
  known: HostSet | undefined,
  digest: string,
  missing: readonly MissingHost[],
): readonly string[] {
  if (known?.digest !== digest) throw new Error("it means hosts that nobody asked for");
  const without = new Set(missing.map(({ host }) => host));
  const answered = known.names.filter((host) => !without.has(host));
  if (answered.length + without.size === known.names.length) return answered;
  throw new Error("it misses hosts that are none of its own");
}

function firstError(value: unknown): string {
  const [first] = head.Errors(value);
  return `${first?.instancePath ?? ""} ${first?.message ?? ""}`.slice(0, 200);
}
