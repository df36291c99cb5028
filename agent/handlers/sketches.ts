// Messages that make, list and end sketches and their counters.

import { parseOwners, type Request, type RequestOf } from "../../controller-client/messages/index.js";
import { type Agent, done, type Handler, isRelayed } from "../agent.js";
import { endSketch, findSketch, look, makeCounter, makeSketch } from "../configuration.js";
import { type Counter, type NewSketch, type Sketch, specOf } from "../sketch.js";
import { sketchInfo } from "../sketch-info.js";

export const configSketch: Handler<"config sketch"> = async (agent, request, call) => {
  const sketch = await makeSketch(agent, newSketch(agent, request), request, call);
  return done(agent, request, sketch.id);
};

export const configSketchCounter: Handler<"config sketch counter"> = async (agent, request, call) => {
  const sketch = await findSketch(agent, request, call);
  const counter = newCounter(agent, request);
  await makeCounter(agent, sketch, counter, { request: byUuid(request, sketch.uuid), call });
  return done(agent, request, counterText(agent, sketch, counter));
};

export const deleteSketch: Handler<"delete sketch"> = async (agent, request, call) => {
  // A parent may delete what never came here: its children may have it.
  const uuid = request.sketch ?? (await findSketch(agent, request, call)).uuid;
  const id = agent.book.get(uuid)?.id;
  await endSketch(agent, uuid, byUuid(request, uuid), call);
  return done(agent, request, `ok: sketch ${id} deleted`);
};

export const querySketches: Handler<"query sketches"> = async (agent, { detail }, call) => {
  // Without its monitor the agent tells what it knows.
  await look(agent, call).catch(() => undefined);
  const listed = agent.book.list().filter(({ rule }) => detail || !rule);
  return { json: listed.map((sketch) => sketchInfo(sketch, detail)) };
};

/** Ids are each agent's own: between agents a sketch goes by its uuid. */
export function byUuid<R extends Request>({ ...request }: R, uuid: string): R {
  const { sketch_id: _, ...rest } = request as R & { readonly sketch_id?: number };
  return { ...rest, sketch: uuid } as unknown as R;
}

function newSketch({ now, fresh }: Agent, request: RequestOf<"config sketch">): NewSketch {
  const { uuid = fresh.uuid(), secret = fresh.secret(), tap, label, sizes } = request;
  const { interface: direction, proto, src, dst, sport, dport, device, promiscuous, inner } = request;
  const { netns, filter: expression } = request;
  const optional = defined({ proto, src, dst, sport, dport, device, promiscuous, inner, netns });
  const filter = { interface: direction, ...optional, ...defined({ filter: expression }) };
  const inherited = isRelayed(request);
  const more = { ...defined({ tap, label }), ...(sizes ? { sizes } : {}) };
  return { uuid, secret, filter, rule: false, inherited, since: now() / 1000, ...more };
}

function newCounter({ now }: Agent, request: RequestOf<"config sketch counter">): Counter {
  const { counter_key_type: keyType, increment, capacity, hitter_threshold: threshold, distinct } = request;
  const spread = request.spread === undefined ? undefined : parseOwners(request.spread, keyType);
  return { keyType, increment, capacity, threshold, ...defined({ distinct, spread }), since: now() / 1000 };
}

function counterText({ algebra }: Agent, { id }: Sketch, counter: Counter): string {
  const { keyType, increment, threshold, capacity, spread } = counter;
  const bytes = algebra.counterBytes(specOf(counter));
  const owners = spread === undefined ? "" : ` spread by ${spread.join(", ")};`;
  return `ok: sketch ${id} counts ${increment} by ${keyType}; heavy hitters above ${threshold}; capacity ${capacity};${owners} at most ${bytes} bytes on each host`;
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
