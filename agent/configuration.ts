// How a change reaches this host and the agents below. From a controller the own monitor decides: what it refuses is
// refused. From a parent the wish stands whatever this host's monitor says, so that one host never keeps out the rest.

import { type Request, TallyError } from "../controller-client/messages/index.js";
import { differingField } from "../monitor/client.js";
import { within } from "../overlay/index.js";
import { type Agent, type Call, isRelayed, monitorMs, tellLimits } from "./agent.js";
import type { Counter, NewSketch, Sketch, SketchName } from "./sketch-book.js";

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
  await agent.wanted.changed();
  await agent.tree.tell(message, tellLimits(call));
  return sketch;
}

/** Adds a counter here and below; the same again changes only its threshold. Rejects with TallyError. */
export async function makeCounter(agent: Agent, sketch: Sketch, counter: Counter, options: CounterOptions) {
  const { request, call } = options;
  const wanted = { ...counter, since: sketch.counters.get(counter.keyType)?.since ?? counter.since };
  refuseOther(sketch.counters.get(counter.keyType), wanted);
  if (!isRelayed(request)) refuseInherited(agent, sketch);
  if (isRelayed(request)) {
    sketch.counters.set(wanted.keyType, wanted);
    await placeAndTell(agent, sketch, request, call);
    return;
  }
  await inTurn(agent, call, () => placeCounterFirst(agent, sketch, wanted, call));
  await agent.wanted.changed();
  await agent.tree.tell(request, tellLimits(call));
}

export interface CounterOptions {
  /** As it goes to the children: the sketch by its uuid. */
  readonly request: Request;
  readonly call: Call;
}

/** Ends a sketch here and below. Never rejects for a monitor or child that is away: they are told later. */
export async function endSketch(agent: Agent, uuid: string, request: Request, call: Call): Promise<void> {
  const sketch = agent.book.get(uuid);
  if (sketch !== undefined && !isRelayed(request)) refuseInherited(agent, sketch);
  agent.book.remove(uuid);
  if (!isRelayed(request)) await agent.wanted.changed();
  const removed = agent.monitor.removeSketch(uuid, monitorMs(call)).catch(() => agent.upkeep.markStale());
  await Promise.all([removed, agent.tree.tell(request, tellLimits(call))]);
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
  const candidate: Sketch = { ...draft, id: book.nextId, counters: new Map() };
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
function refuseInherited({ membership }: Agent, { id, inherited }: Sketch): void {
  const root = membership.claim?.root;
  if (!inherited || membership.role !== "member" || root === undefined) return;
  const message = `sketch ${id} is the root's: change it there, at ${root.agent_addr}`;
  throw new TallyError("conflict", message, { field: "sketch_id" });
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
