// Takes things in a fixed order whoever comes first, so that a sum does not depend on who was faster; but holds few
// bytes for that: beyond, what is there is taken as it came.

/** A few full ledgers, or those of many quiet hosts. */
const mostHeldBytes = 2 ** 20;

interface Held<T> {
  readonly thing: T;
  readonly bytes: number;
}

export class Turns<T> {
  readonly #take: (thing: T) => void;
  readonly #held = new Map<number, Held<T>>();
  readonly #over = new Set<number>();
  #next = 0;
  #heldBytes = 0;

  constructor(take: (thing: T) => void) {
    this.#take = take;
  }

  /** The thing of a place, counted from 0. */
  put(place: number, thing: T, bytes = 0): void {
    this.#held.set(place, { thing, bytes });
    this.#heldBytes += bytes;
    this.#advance();
    while (this.#heldBytes > mostHeldBytes) this.#pass(Math.min(...this.#held.keys()));
  }

  /** Nothing comes at a place. */
  skip(place: number): void {
    this.#over.add(place);
    this.#advance();
  }

  /** Takes all that is left. */
  end(): void {
    for (const place of [...this.#held.keys()].sort((a, b) => a - b)) this.#pass(place);
  }

  #advance(): void {
    while (this.#held.has(this.#next) || this.#over.has(this.#next)) {
      this.#pass(this.#next);
      this.#next += 1;
    }
  }

  #pass(place: number): void {
    const held = this.#held.get(place);
    this.#over.add(place);
    if (held === undefined) return;
    this.#held.delete(place);
    this.#heldBytes -= held.bytes;
    this.#take(held.thing);
  }
}
