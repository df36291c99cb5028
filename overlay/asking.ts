// One question to one child: when it is its turn, in what is left of the time, read with care.

import type { Frame, Request } from "../controller-client/messages/index.js";
import { type Ask, relayed } from "./ask.js";
import { behindBelow, type Compare } from "./behind.js";
import { type Child, markDown, markUp, nameOf } from "./children.js";
import { type Clocks, clocksBelow, compareClocks, noClocks } from "./clocks.js";
import { type Shares, within } from "./deadline.js";
import { busy, gateOf } from "./gate.js";
import type { HostSet } from "./host-set.js";
import type { KnownHosts } from "./known-hosts.js";
import { type Codec, decodePartial, longestPartial, type Partial } from "./partial.js";
import { badReply, type Failure, failureOf, type OwnPart, type Reply, textOf } from "./replies.js";
import type { Time } from "./time.js";

/** Who asks. */
export interface Asker {
  /** This agent's name. */
  readonly name: string;
  readonly children: readonly Child[];
  readonly known: KnownHosts;
  readonly ask: Ask;
  readonly time: Time;
  /** Of the root of the roster that it knows, if of any. */
  readonly epoch?: number | undefined;
  /** With the configuration that is wanted of children. */
  readonly compare: Compare;
}

export interface Question<P> {
  /** As it goes to the children, but for the relay fields. */
  readonly request: Request;
  /** Computes this host's part in the given time. */
  readonly own: (budgetMs: number) => Promise<OwnPart<P>>;
  readonly codec: Codec<P>;
  /** Milliseconds for all of it. */
  readonly budgetMs: number;
  /** Names of the agents above. */
  readonly path?: readonly string[];
}

/** Never rejects, and resolves in time. */
export async function askChild<P>(
  asker: Asker,
  question: Question<P>,
  child: Child,
  { childMs, collectMs }: Shares,
): Promise<Reply<P>> {
  if (question.path?.includes(nameOf(child))) return { child, failure: aboveUs };
  const { time } = asker;
  const gate = gateOf(child, time);
  const resting = gate.resting();
  if (resting !== undefined) return { child, failure: resting };
  const since = time.elapsed();
  if (!(await gate.enter(childMs))) return { child, failure: busy };
  const waited = time.elapsed() - since;
  const left = { childMs: childMs - waited, collectMs: collectMs - waited };
  const reply = await send(asker, question, child, left).finally(() => gate.leave());
  const failure = "failure" in reply ? reply.failure : undefined;
  gate.note(failure);
  if (failure !== undefined) markDown(child, failure.message);
  else markUp(child, time.now());
  return reply;
}

const aboveUs: Failure = { reason: "loop", message: "it is above this agent" };

async function send<P>(
  { name, ask, time, epoch, compare }: Asker,
  { request, path = [], codec }: Question<P>,
  child: Child,
  { childMs, collectMs }: Shares,
): Promise<Reply<P>> {
  const { hosts: known } = child;
  const told = { ...(known && { known: known.digest }), ...(epoch !== undefined && { epoch }) };
  const message = { ...relayed(request, childMs, [...path, name]), ...told };
  try {
    const sent = time.now();
    const asked = ask(child, message, childMs, longestPartial(codec, known?.names.length ?? 1));
    const frame = await within(asked, collectMs, time);
    const heard = time.now();
    const partial = read(frame, codec, known);
    if (!("name" in partial)) return { child, failure: partial };
    if (isFenced(child, partial, epoch)) return { child, failure: fenced(partial, epoch) };
    const { taken, behind: below = [], hosts } = partial;
    const behind = behindBelow(compare(child, taken), partial.name, below, hosts);
    return { child, partial, clocks: clocksOf(partial, sent, heard), behind, bytes: frame.body.length };
  } catch (error) {
    return { child, failure: failureOf(error) };
  }
}

/** A child by the roster that counts under a root before ours; one that counts nothing may say so. */
const isFenced = <P>({ lease }: Child, { hosts, epoch }: Partial<P>, ours = 0): boolean =>
  lease !== undefined && hosts.length > 0 && (epoch ?? 0) < ours;

const fenced = <P>({ epoch }: Partial<P>, ours = 0): Failure =>
  badReply(`it follows a root of epoch ${epoch ?? "unknown"} that one of epoch ${ours} has fenced`);

function clocksOf<P>({ name, hosts, clock, clocks }: Partial<P>, sent: number, heard: number): Clocks {
  if (clock === undefined) return noClocks;
  return clocksBelow(compareClocks(name, sent, heard, clock), clocks ?? noClocks, hosts);
}

function read<P>(frame: Frame, codec: Codec<P>, known: HostSet | undefined): Partial<P> | Failure {
  try {
    return decodePartial(frame, codec, known);
  } catch (error) {
    return badReply(textOf(error));
  }
}
