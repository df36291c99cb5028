// How a parent asks a child, over whatever transport.

import { type Frame, type Request, TallyError } from "../controller-client/messages/index.js";
import type { Child } from "./children.js";

/**
 * Asks one child and gives its partial answer, of at most `mostBytes`. Rejects with a TallyError: `unavailable` when it
 * cannot be reached, `timeout` after `budgetMs`, `too_large`, else what the child said. An answer after that is
 * nobody's any more.
 */
export type Ask = (child: Child, request: Request, budgetMs: number, mostBytes?: number) => Promise<Frame>;

/** A request as it goes to a child: what is left of the time, and who is above. */
export function relayed(request: Request, budgetMs: number, path: readonly string[]): Request {
  if (path.length > longestPath)
    throw new TallyError("loop", `the tree is deeper than ${longestPath} agents`);
  // What the one above knows is about this agent, not about the one below.
  const { known: _, epoch: __, ...message } = request;
  return { ...message, form: "partial", budget_ms: Math.max(1, budgetMs), path: [...path] };
}

/** What the messages allow. */
const longestPath = 64;
