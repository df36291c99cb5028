// The price list of counters and sizes: memory is charged before it is taken, and refused with the bytes it would need.

import { TallyError } from "../controller-client/messages/index.js";
import type { MemoryState } from "./protocol.js";

export class MemoryBudget {
  readonly #budget: number;
  #used = 0;

  /** `budget`: bytes of RAM for all counters and sizes together. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  get state(): MemoryState {
    return { used: this.#used, budget: this.#budget };
  }

  /** Throws `too_large` naming the field, and then charges nothing. */
  charge(bytes: number, field: "capacity" | "sizes" = "capacity"): void {
    const free = this.#budget - this.#used;
    if (bytes > free) {
      const [needs, way] = remedies[field];
      const message = `${needs} ${bytes} bytes and ${free} of ${this.#budget} are free: ${way}, delete a sketch, or start the monitor with a larger --memory`;
      throw new TallyError("too_large", message, { field });
    }
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}

const remedies = {
  capacity: ["this counter needs", "ask for a smaller capacity"],
  sizes: ["packet sizes need", "leave sizes out"],
} as const;
