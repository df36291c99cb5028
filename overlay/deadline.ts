// Time that is left: it travels down the tree as a duration, so that no two clocks need to agree.

import { TallyError } from "../controller-client/messages/index.js";
import type { Time } from "./time.js";

const leastReserveMs = 5;
/** What the lowest agents are given, in parts as large as that which each level above keeps for itself. */
const lowestParts = 4;

/** When to stop waiting, in milliseconds from the start of a query with `budgetMs` for all of it. */
export interface Shares {
  /** What a child (or the own monitor) is given. */
  readonly childMs: number;
  /** How long to wait for it: its way back costs time too. The rest is for adding up and answering. */
  readonly collectMs: number;
}

/**
 * The time of a query at an agent with `levels` of others below it. Every level keeps as much as any other, however
 * deep: a child that is late by less than that is not missed.
 */
export function shares(budgetMs: number, levels: number): Shares {
  const reserve = Math.max(leastReserveMs, budgetMs / (lowestParts + levels));
  return { childMs: budgetMs - reserve, collectMs: budgetMs - reserve / 2 };
}

/**
 * The outcome of `work`, or a TallyError timeout after `ms`; a later outcome is dropped. What came in time while this
 * process was busy (adding up, mostly) is read first.
 */
export async function within<T>(work: Promise<T>, ms: number, { after }: Time): Promise<T> {
  let callOff = (): void => undefined;
  const expired = new Promise<never>((_, reject) => {
    const late = () => reject(new TallyError("timeout", `no answer within ${Math.round(ms)} ms`));
    callOff = after(ms, () => {
      callOff = after(0, late);
    });
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    callOff();
  }
}
