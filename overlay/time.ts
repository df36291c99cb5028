// Time as the overlay sees it: always passed in, so that a simulator runs the same code by a clock of its own.

export interface Time {
  /** Milliseconds since 1970 by this host's clock, to tell others. It may jump. */
  readonly now: () => number;
  /** Milliseconds since some moment, to measure by: never jumps. */
  readonly elapsed: () => number;
  /** Calls `act` once, in `ms`; the function returned calls it off. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** This host's clocks. Its timers keep no process alive. */
export const systemTime: Time = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, Math.max(0, ms)).unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves in `ms`, or at once when the signal comes. */
export function pause({ after }: Time, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      callOff();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const callOff = after(ms, end);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Does a chore over and over, `everyMs` after it is done, until the signal. The chore never rejects. */
export async function repeat(
  time: Time,
  { everyMs, signal, chore }: { everyMs: number; signal: AbortSignal; chore: () => Promise<void> },
): Promise<void> {
  while (!signal.aborted) {
    await chore();
    await pause(time, everyMs, signal);
  }
}
