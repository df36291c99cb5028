// What the messages about the roster are answered.

/** An agent by name and address. */
export interface Peer {
  readonly agent: string;
  /** As in "10.0.0.3:8000". */
  readonly agent_addr: string;
}

/** Which root, of which roster: a higher epoch fences those before. */
export interface RootClaim {
  /** UUID of the roster. */
  readonly roster: string;
  readonly tree_epoch: number;
  readonly root: Peer;
}

/** Where an agent belongs. */
export interface PlaceAnswer extends RootClaim {
  /** The name that the roster has for it. */
  readonly agent: string;
  readonly parent: Peer;
  /** Where to go, in this order, while the parent is away. */
  readonly backups: readonly Peer[];
}

/** For how long an agent is below another. */
export interface LeaseAnswer extends RootClaim {
  readonly lease_ms: number;
  /** Names of the agents above, the topmost first, the one that answers last. */
  readonly path: readonly string[];
  /** Milliseconds since the root was last known to be at the other end. */
  readonly uprooted_ms: number;
  /** Of the configuration that an agent below it should have. */
  readonly revision: number;
  readonly hash: string;
}

/** One agent of the roster. */
export interface RosterMember extends Peer {
  /** Names of its parent, and of those to go to while that is away, by the roster. */
  readonly parent?: string;
  readonly backups: readonly string[];
  readonly labels?: readonly string[];
  readonly standby?: true;
  readonly incarnation: number;
  /** "up" when it answered just now, through whomever. */
  readonly state: "up" | "down";
  /** When it last answered: ISO 8601, UTC. */
  readonly last_seen?: string;
  /** Why it did not answer. */
  readonly problem?: string;
  /** Revision of the configuration that it has taken. */
  readonly observed_revision?: number;
  /** Sketches that it cannot run, and why. */
  readonly refused?: Readonly<Record<string, string>>;
}

export interface RosterAnswer {
  readonly roster: string;
  readonly tree_epoch: number;
  readonly root: string;
  /** Of the roster itself: changes with every change. */
  readonly revision: number;
  readonly fan_out: number;
  readonly agents: readonly RosterMember[];
}

/** An agent's part in a roster. */
export interface RosterStatus {
  /** "expelled": it was taken off, and answers for its own host only. */
  readonly role: "root" | "member" | "expelled";
  readonly root?: string;
  readonly tree_epoch?: number;
  /** Who it is below now. */
  readonly held_by?: string;
  /** Milliseconds since the root was known to be above. */
  readonly uprooted_ms?: number;
}
