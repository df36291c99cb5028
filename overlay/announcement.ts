// A child that was told its parent: it asks to be added, before and after it has been, so that a parent that was
// restarted has its children back within seconds.

import { TallyError } from "../controller-client/messages/index.js";
import { pause, type Time } from "./time.js";

export interface AnnouncementOptions {
  /** Posts `add leaf agent` with this agent's address to the parent. */
  readonly post: () => Promise<unknown>;
  readonly everyMs: number;
  /** Called when it begins or ceases to work, or fails for another reason; not at every attempt. */
  readonly onChange: (failure: TallyError | undefined) => void;
  readonly signal: AbortSignal;
  readonly time: Time;
}

/** Between two attempts while the parent does not take this agent. */
const retryMs = 300;

/** Announces until the signal; resolves then. Never rejects. */
export async function announce({
  post,
  everyMs,
  onChange,
  signal,
  time,
}: AnnouncementOptions): Promise<void> {
  let last: string | undefined;
  while (!signal.aborted) {
    const failure = await attempt(post);
    const outcome = failure?.code ?? "ok";
    if (outcome !== last && !signal.aborted) onChange(failure);
    last = outcome;
    // A whole tree is often started at once, children before parents: the first answer is worth asking for soon.
    const pauseMs = failure === undefined ? everyMs : Math.min(everyMs, retryMs);
    await pause(time, pauseMs, signal);
  }
}

async function attempt(post: () => Promise<unknown>): Promise<TallyError | undefined> {
  try {
    await post();
    return undefined;
  } catch (cause) {
    if (cause instanceof TallyError) return cause;
    return new TallyError("internal", "announcing this agent to its parent failed", { cause });
  }
}
