// A transport that takes note of how long the replies are that come over it.

import type { Reply, Transport } from "../../overlay/index.js";

export class Meter {
  #longest = new Map<number, number>();

  /** Counts for a parent at this level. */
  around(inner: Transport, level: number): Transport {
    return {
      request: async (...given: Parameters<Transport["request"]>): Promise<Reply> => {
        const reply = await inner.request(...given);
        this.#longest.set(level, Math.max(this.#longest.get(level) ?? 0, reply.bytes.length));
        return reply;
      },
      close: () => inner.close(),
    };
  }

  /** Longest reply by level, since the last time. */
  take(): Readonly<Record<number, number>> {
    const longest = Object.fromEntries(this.#longest);
    this.#longest = new Map();
    return longest;
  }
}
