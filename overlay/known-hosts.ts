// Every host ever heard of below this agent, the child it was heard through, and when it last answered.
// A host stays known when it falls silent, so that answers go on listing it. In a tree made by hand only a restart
// forgets; with a roster its root leaves out those that have left (Tree).

import { maxHosts } from "./partial.js";
import type { Time } from "./time.js";

interface KnownHost {
  readonly via: string;
  /** Milliseconds since 1970; absent: it never answered. */
  readonly lastSeen?: number;
  /** The same moment by the clock that never jumps. */
  readonly seenAt?: number;
}

export class KnownHosts {
  readonly #hosts = new Map<string, KnownHost>();
  /** The same by the child they were heard through: every answer asks for them. */
  readonly #below = new Map<string, Set<string>>();
  readonly #time: Time;
  readonly #self: () => string | undefined;

  /** `self`: the agent that keeps this record; it is never below itself, whatever a loop makes others say. */
  constructor(time: Time, self: () => string | undefined = () => undefined) {
    this.#time = time;
    this.#self = self;
  }

  /** Takes note of a reply through child `via` (its address). */
  note(via: string, answered: readonly string[], silent: readonly string[]): void {
    const seen = { via, lastSeen: this.#time.now(), seenAt: this.#time.elapsed() };
    for (const host of answered) this.#put(host, seen);
    for (const host of silent) if (!this.#hosts.has(host)) this.#put(host, { via });
  }

  /** An agent that took another name is no second host. */
  forget(host: string): void {
    this.#below.get(this.via(host) ?? "")?.delete(host);
    this.#hosts.delete(host);
  }

  /** A child that is elsewhere now takes those below it along. */
  forgetBelow(via: string): void {
    for (const host of this.below(via)) this.forget(host);
  }

  /** All hosts heard of through a child, the child's own included. */
  below(via: string): readonly string[] {
    return [...(this.#below.get(via) ?? [])];
  }

  /** The address of the child that leads to a host. */
  via(host: string): string | undefined {
    return this.#hosts.get(host)?.via;
  }

  names(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /** ISO 8601, UTC; undefined for a host that never answered. */
  lastSeen(host: string): string | undefined {
    const seen = this.#hosts.get(host)?.lastSeen;
    return seen === undefined ? undefined : new Date(seen).toISOString();
  }

  /** True when a host answered within the last `ms`. */
  seenWithin(host: string, ms: number): boolean {
    const seen = this.#hosts.get(host)?.seenAt;
    return seen !== undefined && this.#time.elapsed() - seen <= ms;
  }

  // Bounded: a child that makes up names must not fill this agent's memory.
  #put(host: string, known: KnownHost): void {
    if (host === this.#self()) return;
    const before = this.#hosts.get(host);
    if (before === undefined && this.#hosts.size >= maxHosts) return;
    this.#hosts.set(host, known);
    if (before?.via === known.via) return;
    this.#below.get(before?.via ?? "")?.delete(host);
    this.#below.set(known.via, (this.#below.get(known.via) ?? new Set()).add(host));
  }
}
