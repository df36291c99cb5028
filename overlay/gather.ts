// One question to a whole subtree: the own part and all children at once, under one deadline, added up.

import { TallyError } from "../controller-client/messages/index.js";
import { type Asker, askChild, type Question } from "./asking.js";
import { type Child, levelsAbove, nameOf } from "./children.js";
import { Combination, type OwnReply } from "./combination.js";
import { type Shares, shares, within } from "./deadline.js";
import type { Partial } from "./partial.js";
import { failureOf, type Reply } from "./replies.js";
import type { Time } from "./time.js";
import { Turns } from "./turns.js";

export type { Asker, Question } from "./asking.js";

/** A subtree's answer. When `hosts` is empty, `error` says why this host is not in it. */
export interface Gathered<P> extends Partial<P> {
  readonly error?: unknown;
}

/**
 * Asks this host and its children, and answers within `budgetMs` with what came: right for exactly the hosts it lists.
 * Throws TallyError loop when this agent is in its own path.
 */
export async function gather<P>(asker: Asker, question: Question<P>): Promise<Gathered<P>> {
  const { name, known, time } = asker;
  const { path = [], codec, budgetMs } = question;
  refuseLoop(name, path);
  const levels = () => levelsAbove(asker.children);
  const parts = shares(budgetMs, levels());
  const combination = new Combination({ name, path, codec, known, levels });
  const children = inOrder(asker.children);
  const replies = new Turns<Reply<P>>((reply) => combination.addReply(reply));
  const place = placing(children, replies);
  const asked = children.map(async (child) => place(await askChild(asker, question, child, parts)));
  const own = await askOwn(question, parts, time);
  combination.addOwn(own.reply);
  replies.skip(ownPlace);
  await Promise.all(asked);
  replies.end();
  return own.error === undefined ? combination.result() : { ...combination.result(), error: own.error };
}

/** Throws TallyError loop when this agent is above itself. */
export function refuseLoop(name: string, path: readonly string[]): void {
  if (!path.includes(name)) return;
  throw new TallyError("loop", `${name} is above itself in the tree: ${[...path, name].join(" > ")}`);
}

/** The own part is added up first, so that nothing is before it is there. */
const ownPlace = 0;

const inOrder = (children: readonly Child[]): readonly Child[] =>
  [...children].sort((a, b) => (a.address.name < b.address.name ? -1 : 1));

// Those that name another child of ours come last: each child speaks for itself before others speak for it.
function placing<P>(children: readonly Child[], replies: Turns<Reply<P>>): (reply: Reply<P>) => void {
  const names = new Set(children.map(nameOf));
  const isForeign = (reply: Reply<P>): boolean =>
    "partial" in reply && reply.partial.hosts.some((host) => host !== reply.partial.name && names.has(host));
  return (reply) => {
    const place = ownPlace + 1 + children.indexOf(reply.child);
    const bytes = "partial" in reply ? reply.bytes : 0;
    if (!isForeign(reply)) return replies.put(place, reply, bytes);
    replies.skip(place);
    replies.put(place + children.length, reply, bytes);
  };
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
