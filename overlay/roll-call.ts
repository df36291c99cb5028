// The question without a count: who is there? It finds loops, names and the hosts below a new child.

import type { QueryLeafAgents } from "../controller-client/messages/index.js";
import type { Question } from "./gather.js";
import { noLoss } from "./loss.js";
import type { Codec } from "./partial.js";

/** Which monitor each host is counted by: one that two agents name would count twice. */
export type Monitors = Readonly<Record<string, string>>;

/** Names and monitors of a large subtree that is new: 40 000 hosts or so. */
const mostBytes = 2 ** 22;

const codec: Codec<Monitors> = {
  mostBytes,
  write: (monitors) => ({ fields: { monitors } }),
  // An agent of before says nothing of it.
  read: ({ monitors = {} }) => {
    if (typeof monitors !== "object" || monitors === null) throw new Error("its monitors are malformed");
    return Object.fromEntries(Object.entries(monitors).filter(([, one]) => typeof one === "string"));
  },
  merge: (a, b) => ({ ...a, ...b }),
};

/** The message that asks for it. */
export const rollCall: QueryLeafAgents = {
  type: "query leaf agents",
  scope: "subtree",
  detail: false,
  timeout_ms: 1000,
};

export const rollCallCodec = codec;

export interface RollCallOptions {
  readonly request: QueryLeafAgents;
  readonly budgetMs: number;
  readonly path?: readonly string[];
  /** Who asks, and which monitor it counts by. */
  readonly own?: Monitors;
}

export function rollCallQuestion(options: RollCallOptions): Question<Monitors> {
  const { request, budgetMs, path = [], own = {} } = options;
  return { request, own: async () => ({ payload: own, loss: noLoss }), codec, budgetMs, path };
}
