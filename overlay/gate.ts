// The way to one child: one question at a time, a few that wait, and rest for a child that keeps failing.

import type { Child } from "./children.js";
import type { Failure } from "./replies.js";
import type { Time } from "./time.js";

/** Questions that wait for their turn; more would wait in vain. */
const mostWaiting = 64;
/** A child that failed so often in a row is at rest ... */
const failuresBeforeRest = 3;
/** ... and asked once in so many milliseconds. */
const restMs = 2000;

export class Gate {
  readonly #time: Time;
  readonly #waiting: (() => void)[] = [];
  #busy = false;
  #failures = 0;
  #restUntil = 0;
  #last: Failure | undefined;

  constructor(time: Time) {
    this.#time = time;
  }

  /** Why the child is not asked now, when it is at rest. The first question after each rest may pass. */
  resting(): Failure | undefined {
    const now = this.#time.elapsed();
    if (this.#last === undefined || this.#failures < failuresBeforeRest) return undefined;
    if (now < this.#restUntil) return restMessage(this.#last, this.#restUntil - now);
    this.#restUntil = now + restMs;
    return undefined;
  }

  /** Waits up to `ms` for this question's turn; then call `leave` once. False: it did not come. */
  async enter(ms: number): Promise<boolean> {
    if (!this.#busy) {
      this.#busy = true;
      return true;
    }
    if (this.#waiting.length >= mostWaiting) return false;
    return new Promise((resolve) => {
      const turn = () => {
        callOff();
        resolve(true);
      };
      const callOff = this.#time.after(ms, () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        resolve(false);
      });
      this.#waiting.push(turn);
    });
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy = false;
    else next();
  }

  /** Takes note of what came of a question. */
  note(failure: Failure | undefined): void {
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    this.#last = failure;
    if (this.#failures === failuresBeforeRest) this.#restUntil = this.#time.elapsed() + restMs;
  }
}

export const busy: Failure = {
  reason: "overload",
  message: "it is busy with earlier questions of this agent: ask less often, or with a larger timeout_ms",
};

const restMessage = ({ reason, message }: Failure, leftMs: number): Failure => ({
  reason,
  message: `not asked for another ${Math.ceil(leftMs)} ms, for it keeps failing: ${message}`,
});

const gates = new WeakMap<Child, Gate>();

/** The one gate of a child. */
export function gateOf(child: Child, time: Time): Gate {
  const known = gates.get(child);
  if (known !== undefined) return known;
  const gate = new Gate(time);
  gates.set(child, gate);
  return gate;
}
