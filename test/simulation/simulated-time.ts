// Time that passes only from event to event: minutes of a whole network in milliseconds.

import type { Time } from "../../overlay/index.js";

interface Event {
  readonly at: number;
  /** Events of the same moment come in the order they were made. */
  readonly number: number;
  act: (() => void) | undefined;
}

/** Milliseconds since 1970 at the beginning of every run. */
const epoch = Date.UTC(2026, 0, 1);

export class SimulatedTime {
  #now = 0;
  #count = 0;
  readonly #events: Event[] = [];

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Calls `act` in `ms`; the function returned calls it off. */
  readonly after = (ms: number, act: () => void): (() => void) => {
    const event: Event = { at: this.#now + Math.max(0, ms), number: this.#count++, act };
    this.#push(event);
    return () => {
      event.act = undefined;
    };
  };

  /** The clocks of one host, `ahead` milliseconds ahead of the others. */
  clocks(ahead: number): Time {
    const { after } = this;
    return { now: () => epoch + this.#now + ahead, elapsed: () => this.#now, after };
  }

  /** Resolves in `ms`. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets everything happen until `done` has settled; rejects when nothing is left that could settle it. */
  async run<T>(done: Promise<T>): Promise<T> {
    let settled = false;
    const end = done.finally(() => {
      settled = true;
    });
    end.catch(() => undefined);
    await promisesToRest();
    while (!settled) {
      const next = this.#pop();
      if (next === undefined) throw new Error("everybody waits and nothing will happen");
      if (next.act === undefined) continue;
      this.#now = next.at;
      next.act();
      await promisesToRest();
    }
    return end;
  }

  // A binary heap by time, then by number.
  #push(event: Event): void {
    const heap = this.#events;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent] as Event, event)) break;
      heap[place] = heap[parent] as Event;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (isBefore(last, heap[child] as Event)) break;
      heap[place] = heap[child] as Event;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}

/** All promises that follow from what has happened settle before the next turn of the real event loop. */
function promisesToRest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
