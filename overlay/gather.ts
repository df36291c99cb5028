// One question to a whole subtree: the own part and all children at once, under one deadline, added up.

import { type Frame, type Request, TallyError } from "../controller-client/messages/index.js";
import { type Ask, relayed } from "./ask.js";
import { type Child, markDown, markUp, nameOf } from "./children.js";
import { clocksBelow, compareClocks } from "./clocks.js";
import { Combination, type OwnReply } from "./combination.js";
import { type Shares, shares, within } from "./deadline.js";
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

/** A subtree's answer. When `hosts` is empty, `error` says why this host is not in it. */
export interface Gathered<P> extends Partial<P> {
  readonly error?: unknown;
}

/**
 * Asks this host and its children, and answers within `budgetMs` with what came: right for exactly the hosts it lists.
 * Throws TallyError loop when this agent is in its own path.
 */
export async function gather<P>(asker: Asker, question: Question<P>): Promise<Gathered<P>> {
  const { name, children, known } = asker;
  const { path = [], codec, budgetMs } = question;
  refuseLoop(name, path);
  const parts = shares(budgetMs);
  const replies = Promise.all(children.map((child) => askChild(asker, question, child, parts)));
  const own = await askOwn(question, parts, asker.time);
  const combination = new Combination({ name, path, codec, known });
  combination.addOwn(own.reply);
  combination.addReplies(await replies);
  return own.error === undefined ? combination.result() : { ...combination.result(), error: own.error };
}

/** Throws TallyError loop when this agent is above itself. */
export function refuseLoop(name: string, path: readonly string[]): void {
  if (!path.includes(name)) return;
  throw new TallyError("loop", `${name} is above itself in the tree: ${[...path, name].join(" > ")}`);
}

interface OwnOutcome<P> {
  readonly reply: OwnReply<P>;
  readonly error?: unknown;
}

async function askOwn<P>(
  { own }: Question<P>,
  { childMs, collectMs }: Shares,
  time: Time,
): Promise<OwnOutcome<P>> {
  try {
    return { reply: await within(own(childMs), collectMs, time) };
  } catch (error) {
    return { reply: { failure: failureOf(error) }, error };
  }
}

async function askChild<P>(
  { name, ask, time }: Asker,
  { request, path = [], codec }: Question<P>,
  child: Child,
  { childMs, collectMs }: Shares,
): Promise<Reply<P>> {
  const down = (failure: Failure): Reply<P> => {
    markDown(child, failure.message);
    return { child, failure };
  };
  if (path.includes(nameOf(child)))
    return { child, failure: { reason: "loop", message: "it is above this agent" } };
  try {
    const sent = time.now();
    const asked = ask(child, relayed(request, childMs, [...path, name]), childMs, longestPartial(codec));
    const frame = await within(asked, collectMs, time);
    const heard = time.now();
    const partial = read(frame, codec);
    if (!("name" in partial)) return down(partial);
    markUp(child, heard);
    return { child, partial, clocks: clocksOf(partial, sent, heard) };
  } catch (error) {
    return down(failureOf(error));
  }
}

function clocksOf<P>({ name, clock, clocks }: Partial<P>, sent: number, heard: number) {
  return clock === undefined ? [] : clocksBelow(compareClocks(name, sent, heard, clock), clocks ?? []);
}

function read<P>(frame: Frame, codec: Codec<P>): Partial<P> | Failure {
  try {
    return decodePartial(frame, codec);
  } catch (error) {
    return badReply(textOf(error));
  }
}
