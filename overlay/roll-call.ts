// The question without a count: who is there? It finds loops, names and the hosts below a new child.

import type { QueryLeafAgents } from "../controller-client/messages/index.js";
import type { Question } from "./gather.js";
import { noLoss } from "./loss.js";
import type { Codec } from "./partial.js";

/** Names of a large subtree that is new: 40 000 hosts or so. */
const mostBytes = 2 ** 20;

const codec: Codec<null> = { mostBytes, write: () => ({ fields: {} }), read: () => null, merge: () => null };

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
}

export function rollCallQuestion({ request, budgetMs, path = [] }: RollCallOptions): Question<null> {
  return { request, own: async () => ({ payload: null, loss: noLoss }), codec, budgetMs, path };
}
