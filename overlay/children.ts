// The agents right below this one.

import { type AgentAddress, TallyError } from "../controller-client/messages/index.js";
import type { HostSet } from "./host-set.js";

/** How a child is below this agent. */
export interface Lease {
  readonly agent: string;
  readonly incarnation: number;
  /** In its own place, or while its parent is away. */
  readonly hold: "parent" | "backup";
  /** Of the configuration that it has taken. */
  readonly revision: number;
  /** When it ends, by the clock that never jumps. */
  readonly until: number;
}

/** One child. Its address is its identity; the name it goes by is learned from its first reply. */
export interface Child {
  readonly address: AgentAddress;
  agentName?: string;
  state: "unknown" | "up" | "down";
  /** ISO 8601, UTC. */
  lastSeen?: string;
  /** Levels of agents below it, as it last said. */
  levels?: number;
  /** Those it named when it last answered, silent ones too. */
  hosts?: HostSet;
  /** Why the last attempt failed. */
  problem?: string;
  /** Of a child by the roster; one that was added by hand has none. */
  lease?: Lease;
}

/** More would not be answered in time by one process. */
export const maxChildren = 1024;

export class Children {
  readonly #byAddress = new Map<string, Child>();

  list(): readonly Child[] {
    return [...this.#byAddress.values()];
  }

  get(address: string): Child | undefined {
    return this.#byAddress.get(address);
  }

  /** Throws too_large. */
  add(address: AgentAddress): Child {
    if (this.#byAddress.size >= maxChildren) {
      throw new TallyError("too_large", `an agent has at most ${maxChildren} children: add it below another`);
    }
    const child: Child = { address, state: "unknown" };
    this.#byAddress.set(address.name, child);
    return child;
  }

  remove(address: string): void {
    this.#byAddress.delete(address);
  }
}

/** True for a child by the roster that has not renewed its lease in time. */
export const hasLapsed = ({ lease }: Child, elapsed: number): boolean =>
  lease !== undefined && lease.until < elapsed;

/** What answers call a child: the name it gave itself, its address until it gave one. */
export const nameOf = (child: Child): string => child.agentName ?? child.address.name;

/** No tree is deeper. */
export const mostLevels = 64;

/** Levels of agents below one that has these children. */
export const levelsAbove = (children: readonly Child[]): number =>
  Math.min(mostLevels, Math.max(0, ...children.map(({ levels = 0 }) => levels + 1)));

export function markUp(child: Child, now: number): void {
  child.state = "up";
  child.lastSeen = new Date(now).toISOString();
  delete child.problem;
}

export function markDown(child: Child, problem: string): void {
  child.state = "down";
  child.problem = problem;
}
