// Time that is left: it travels down the tree as a duration, so that no two clocks need to agree.

import { TallyError } from "../controller-client/messages/index.js";
import type { Time } from "./time.js";

const leastReserveMs = 5;
const reserveShare = 0.1;

/** When to stop waiting, in milliseconds from the start of a query with `budgetMs` for all of it. */
export interface Shares {
  /** What a child (or the own monitor) is given. */
  readonly childMs: number;
  /** How long to wait for it: its way back costs time too. The rest is for adding up and answering. */
  readonly collectMs: number;
}

/** A child gets what is left but the larger of 5 ms and 10 %. */
export function shares(budgetMs: number): Shares {
  const reserve = Math.max(leastReserveMs, budgetMs * reserveShare);
  return { childMs: budgetMs - reserve, collectMs: budgetMs - reserve / 2 };
}

/** The outcome of `work`, or a TallyError timeout after `ms`; a later outcome is dropped. */
export async function within<T>(work: Promise<T>, ms: number, { after }: Time): Promise<T> {
  let callOff = (): void => undefined;
  const expired = new Promise<never>((_, reject) => {
    const late = () => reject(new TallyError("timeout", `no answer within ${Math.round(ms)} ms`));
    callOff = after(ms, late);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    callOff();
  }
}
