// How a change reaches this host and the agents below. From a controller the own monitor decides: what it refuses is
// refused. From a parent the wish stands whatever this host's monitor says, so that one host never keeps out the rest.

import { type Request, TallyError } from "../controller-client/messages/index.js";
import { differingField } from "../monitor/client.js";
import { within } from "../overlay/index.js";
import { type Agent, type Call, isRelayed, monitorMs, tellLimits } from "./agent.js";
import { type Counter, type NewSketch, newSketch, type Sketch } from "./sketch.js";
import type { SketchName } from "./sketch-book.js";
import type { NewWatch, Watch } from "./watch.js";
import { mostWatches } from "./watches.js";

/** Makes a sketch here and below; the same uuid again changes nothing. Rejects with TallyError. */
export async function makeSketch(
  agent: Agent,
  draft: NewSketch,
  request: Request,
  call: Call,
): Promise<Sketch> {
  const present = agent.book.get(draft.uuid);
  if (present !== undefined) {
    present.inherited ||= isRelayed(request);
    return present;
  }
  const { uuid, secret } = draft;
  const message = { ...request, uuid, secret } as Request;
  if (isRelayed(request)) {
    const sketch = await inTurn(agent, call, async () => agent.book.get(uuid) ?? agent.book.add(draft));
    await placeAndTell(agent, sketch, message, call);
    return sketch;
  }
  await look(agent, call);
  const sketch = await inTurn(agent, call, () => placeFirst(agent, draft, call));
  await keep(agent, async () => {
    agent.book.remove(uuid);
    await removeHere(agent, uuid, call);
  });
  await agent.tree.tell(message, tellLimits(call));
  return sketch;
}

/** Adds a counter here and below; the same again changes only its threshold. Rejects with TallyError. */
export async function makeCounter(agent: Agent, sketch: Sketch, counter: Counter, options: ChangeOptions) {
  const { request, call } = options;
  const wanted = { ...counter, since: sketch.counters.get(counter.keyType)?.since ?? counter.since };
  refuseOther(sketch.counters.get(counter.keyType), wanted);
  if (!isRelayed(request)) refuseInherited(agent, sketchOf(sketch));
  if (isRelayed(request)) {
    sketch.counters.set(wanted.keyType, wanted);
    await placeAndTell(agent, sketch, request, call);
    return;
  }
  // A monitor takes back no counter, so it is tried beforehand whether a change can be kept.
  await agent.wanted.keep().catch(refuseUnchanged);
  await inTurn(agent, call, () => placeCounterFirst(agent, sketch, wanted, call));
  const kept = agent.wanted.changed();
  const told = agent.tree.tell(request, tellLimits(call));
  await Promise.all([kept.catch(refuseUnkept), told]);
}

export interface ChangeOptions {
  /** As it goes to the children: sketch and watch by their uuids. */
  readonly request: Request;
  readonly call: Call;
}

/** Ends a sketch here and below. Never rejects for a monitor or child that is away: they are told later. */
export async function endSketch(agent: Agent, uuid: string, request: Request, call: Call): Promise<void> {
  const sketch = agent.book.get(uuid);
  if (sketch !== undefined && !isRelayed(request)) refuseInherited(agent, sketchOf(sketch));
  agent.book.remove(uuid);
  const undo = () => sketch && agent.book.putBack(sketch);
  if (!isRelayed(request)) await keep(agent, undo);
  await Promise.all([removeHere(agent, uuid, call), agent.tree.tell(request, tellLimits(call))]);
}

/** One that does not answer is told later. Never rejects. */
const removeHere = ({ monitor, upkeep }: Agent, uuid: string, call: Call): Promise<void> =>
  monitor.removeSketch(uuid, monitorMs(call)).catch(() => upkeep.markStale());

/** Sets a watch here and below; the same uuid again changes nothing. Rejects with TallyError. */
export async function makeWatch(
  agent: Agent,
  sketch: Sketch,
  draft: NewWatch,
  { request, call }: ChangeOptions,
): Promise<Watch> {
  const { watches } = agent.book;
  const present = watches.get(draft.uuid)?.watch;
  if (present !== undefined) {
    present.inherited ||= isRelayed(request);
    return present;
  }
  if (!isRelayed(request)) {
    refuseInherited(agent, sketchOf(sketch));
    refuseMore(agent);
  }
  const watch = watches.add(sketch, draft);
  if (!isRelayed(request)) await keep(agent, () => watches.remove(watch.uuid));
  await noteAndTell(agent, sketch, request, call);
  return watch;
}

/** Ends a watch here and below. Rejects with TallyError; never for a monitor or child that is away. */
export async function endWatch(agent: Agent, uuid: string, { request, call }: ChangeOptions): Promise<void> {
  const found = agent.book.watches.get(uuid);
  if (found !== undefined && !isRelayed(request)) refuseInherited(agent, watchOf(found.watch));
  agent.book.watches.remove(uuid);
  const undo = () => found && agent.book.watches.add(found.sketch, found.watch);
  if (!isRelayed(request)) await keep(agent, undo);
  await noteAndTell(agent, found?.sketch, request, call);
}

/** Takes the change back when it cannot be kept, and rejects. */
async function keep({ wanted }: Agent, undo: () => unknown): Promise<void> {
  try {
    await wanted.changed();
  } catch (error) {
    await undo();
    // For who has heard of it meanwhile, and for a file that another change has written since.
    await wanted.changed().catch(() => undefined);
    refuseUnchanged(error);
  }
}

function refuseUnchanged(cause: unknown): never {
  throw unkept("nothing was changed, for", cause);
}

function refuseUnkept(cause: unknown): never {
  throw unkept("the counter counts, here and below, but", cause);
}

const unkept = (what: string, cause: unknown): TallyError =>
  new TallyError("unavailable", `${what} ${(cause as Error).message}`, { cause });

async function noteAndTell(agent: Agent, sketch: Sketch | undefined, request: Request, call: Call) {
  const noted = sketch === undefined ? undefined : agent.upkeep.note(sketch, monitorMs(call));
  await Promise.all([noted, agent.tree.tell(request, tellLimits(call))]);
}

/** By id or uuid. Throws not_found, or what keeps the monitor from telling which sketches it holds. */
export async function findSketch(agent: Agent, name: SketchName, call: Call): Promise<Sketch> {
  if (!agent.book.has(name)) await look(agent, call);
  return agent.book.find(name);
}

/** Once, before the book is relied on: an agent that was restarted finds its sketches in the monitor. */
export async function look({ upkeep }: Agent, call: Call): Promise<void> {
  if (!upkeep.hasLooked) await upkeep.sync(monitorMs(call));
}

async function placeFirst({ book, upkeep }: Agent, draft: NewSketch, call: Call): Promise<Sketch> {
  const candidate = newSketch({ ...draft, id: book.nextId });
  try {
    await upkeep.place(candidate, monitorMs(call));
  } catch (error) {
    // A monitor that did not answer in time may have made it all the same: it is removed at the next look.
    book.remove(draft.uuid);
    upkeep.markStale();
    throw error;
  }
  return book.add(draft);
}

async function placeCounterFirst({ upkeep }: Agent, sketch: Sketch, counter: Counter, call: Call) {
  const counters = new Map(sketch.counters).set(counter.keyType, counter);
  await upkeep.place({ ...sketch, counters }, monitorMs(call));
  sketch.counters.set(counter.keyType, counter);
}

async function placeAndTell(agent: Agent, sketch: Sketch, request: Request, call: Call): Promise<void> {
  const { upkeep, tree } = agent;
  const placed = inTurn(agent, call, () => upkeep.place(sketch, monitorMs(call)));
  const [own] = await Promise.allSettled([placed, tree.tell(request, tellLimits(call))]);
  if (own.status === "fulfilled") return;
  upkeep.markStale();
  throw own.reason;
}

// What the root wants comes back at the next heartbeat.
function refuseInherited({ membership }: Agent, { what, field, inherited }: Changed): void {
  const root = membership.claim?.root;
  if (!inherited || membership.role !== "member" || root === undefined) return;
  const message = `${what} is the root's: change it there, at ${root.agent_addr}`;
  throw new TallyError("conflict", message, { field });
}

interface Changed {
  readonly what: string;
  readonly field: string;
  readonly inherited: boolean | undefined;
}

const sketchOf = ({ id, inherited }: Sketch): Changed => ({
  ...{ what: `sketch ${id}`, field: "sketch_id", inherited },
});

const watchOf = ({ id, inherited }: Watch): Changed => ({
  ...{ what: `watch ${id}`, field: "watch_id", inherited },
});

function refuseMore({ book }: Agent): void {
  if (book.watches.list().filter(({ watch }) => !watch.inherited).length < mostWatches) return;
  throw new TallyError(
    "too_large",
    `an agent has at most ${mostWatches} watches: end one by 'unwatch' first`,
  );
}

function refuseOther(known: Counter | undefined, wanted: Counter): void {
  if (known === undefined) return;
  const differs = differingField(known, wanted);
  if (differs === undefined) return;
  const message = `counter "${wanted.keyType}" is here already with ${differs} ${known[differs] ?? "none"}: delete the sketch first, or use another`;
  throw new TallyError("conflict", message, { field: differs });
}

// What has missed its deadline must not be done later, when nobody waits for it any more.
function inTurn<T>({ book, time }: Agent, call: Call, change: () => Promise<T>): Promise<T> {
  const turn = book.inTurn(() => {
    if (call.leftMs() > leastMs) return change();
    throw new TallyError("timeout", "the monitor is busy with earlier changes: ask again");
  });
  return within(turn, call.leftMs(), time);
}

const leastMs = 5;
