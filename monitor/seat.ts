// The one agent that a monitor serves at a time: what two of them said of one host's packets would count them twice.

import { setTimeout as sleep } from "node:timers/promises";
import { TallyError } from "../controller-client/messages/index.js";
import type { Fields } from "./protocol.js";

type Introduction = Fields<"introduce">;

/** The end of a connection may be noticed after the beginning of the next one. */
const noticeMs = 50;
/** How long the agent of the monitor before has to come back: agents ask every two seconds. */
const returnMs = 5000;

/** Free, or an agent's for as long as its connection lives; it is taken by the next question of an agent. */
export class Seat {
  readonly #returnMs: number;
  readonly #since = performance.now();
  #holder: Visit | undefined;

  /** `ms`: for how long the agent of the monitor before goes first. */
  constructor(ms = returnMs) {
    this.#returnMs = ms;
  }

  /** A connection, which takes no seat until it says that it is an agent's. */
  visit(): Visit {
    return new Visit(this);
  }

  leave(visit: Visit): void {
    if (this.#holder === visit) this.#holder = undefined;
  }

  /** Rejects with conflict while another agent has it. */
  async take(visit: Visit, agent: Introduction): Promise<void> {
    if (this.#rivalOf(agent) !== undefined) await sleep(noticeMs);
    const rival = this.#rivalOf(agent);
    if (rival !== undefined) throw taken(rival);
    if (this.#goesAfter(agent)) throw reserved();
    if (visit.isOver) throw new TallyError("conflict", "the agent left before its turn came");
    this.#holder = visit;
  }

  // The one before may have answered the very question that this one is asked, from the same counts.
  #goesAfter({ second = false }: Introduction): boolean {
    return second && this.#holder === undefined && performance.now() - this.#since < this.#returnMs;
  }

  /** An agent that connects anew is no rival of its own. */
  #rivalOf({ key }: Introduction): Introduction | undefined {
    const holder = this.#holder?.agent;
    return holder?.key === key ? undefined : holder;
  }
}

/** One connection to the monitor. */
export class Visit {
  readonly #seat: Seat;
  #agent: Introduction | undefined;
  #isOver = false;

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  /** Absent for what is no agent, such as a bench: it may ask at any time. */
  get agent(): Introduction | undefined {
    return this.#agent;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  introduce(agent: Introduction): void {
    this.#agent = agent;
  }

  /** Before each answer. Rejects with conflict while the monitor serves another agent. */
  async admit(): Promise<void> {
    if (this.#agent !== undefined) await this.#seat.take(this, this.#agent);
  }

  end(): void {
    this.#isOver = true;
    this.#seat.leave(this);
  }
}

function taken({ agent, pid }: Introduction): TallyError {
  const why = "a monitor serves one agent, or its packets would count twice";
  const advice = `stop one of the two (kill -9 ${pid} if that one hangs); the other goes on by itself`;
  return new TallyError(
    "conflict",
    `this host's monitor serves the agent ${agent}, process ${pid}: ${why}; ${advice}`,
  );
}

const reserved = (): TallyError =>
  new TallyError(
    "conflict",
    "this host's monitor was started anew and waits for the agent that it served before: for some seconds that one goes first",
  );
