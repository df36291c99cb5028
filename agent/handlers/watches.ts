// Messages that set and end watches.

import type { RequestOf } from "../../controller-client/messages/index.js";
import { type Agent, done, type Handler, isRelayed } from "../agent.js";
import { endWatch, findSketch, makeWatch } from "../configuration.js";
import { counterOf, type Sketch } from "../sketch.js";
import { type NewWatch, watchOf, watchRequest } from "../watch.js";
import { checkedKey } from "./locate.js";

/** Words that stand where a key stands. */
const words: readonly string[] = ["key_num", "total"];

export const watch: Handler<"watch"> = async (agent, request, call) => {
  const sketch = await findSketch(agent, request, call);
  const draft = newWatch(agent, request, sketch);
  const { timeout_ms, form } = request;
  const relay = form === undefined ? {} : { form };
  const message = { ...watchRequest(sketch.uuid, draft), timeout_ms, ...relay };
  const { id } = await makeWatch(agent, sketch, draft, { request: message, call });
  return done(agent, request, id);
};

export const unwatch: Handler<"unwatch"> = async (agent, { watch_id, ...request }, call) => {
  // A parent may end what never came here: its children may have it.
  const uuid = request.watch ?? agent.book.watches.find({ watch_id }).watch.uuid;
  const id = agent.book.watches.get(uuid)?.watch.id;
  await endWatch(agent, uuid, { request: { ...request, watch: uuid }, call });
  return done(agent, request, `ok: watch ${id} ended`);
};

function newWatch(agent: Agent, request: RequestOf<"watch">, sketch: Sketch): NewWatch {
  counterOf(sketch, request.counter_key_type);
  const { watch: uuid = agent.fresh.uuid(), counter_key: key } = request;
  const draft = { ...watchOf(request, uuid), inherited: isRelayed(request) };
  if (key === undefined || words.includes(key)) return draft;
  return { ...draft, key: checkedKey(agent, request, key, "counter_key") };
}
