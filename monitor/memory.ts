// The price list of counters: memory is charged before it is taken, and refused with the bytes it would need.

import { TallyError } from "../controller-client/messages/index.js";
import type { MemoryState } from "./protocol.js";

export class MemoryBudget {
  readonly #budget: number;
  #used = 0;

  /** `budget`: bytes of RAM for all counters together. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  get state(): MemoryState {
    return { used: this.#used, budget: this.#budget };
  }

  /** Throws `too_large` field capacity, and then charges nothing. */
  charge(bytes: number): void {
    const free = this.#budget - this.#used;
    if (bytes > free) {
      const message = `this counter needs ${bytes} bytes and ${free} of ${this.#budget} are free: ask for a smaller capacity, delete a sketch, or start the monitor with a larger --memory`;
      throw new TallyError("too_large", message, { field: "capacity" });
    }
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}
