// The configuration as a whole, with a revision and a hash: all that this host and those below should count and watch.
// A parent on the roster says its hash with every lease; an agent that has another one fetches the whole set and becomes
// like it. What is not in it goes, so nothing that was deleted while a host was away comes back.

import {
  type AgentAddress,
  checkRequest,
  type LeaseAnswer,
  type Relay,
  type Request,
  TallyError,
} from "../controller-client/messages/index.js";
import type { Ask, Configured } from "../overlay/index.js";
import { hashOf, textOf } from "./configuration-hash.js";
import type { Sketch } from "./sketch.js";
import { creation, type SketchBook } from "./sketch-book.js";
import { type StoredSketch, storedSketch, unstoredSketch } from "./stored-sketch.js";
import { unwatchRequest } from "./watch.js";

export interface WantedSetOptions {
  readonly book: SketchBook;
  readonly ask: Ask;
  /** Carries out one request as if the parent had sent it. */
  readonly carryOut: (request: Request) => Promise<unknown>;
  /** Resolves when it will survive a crash. */
  readonly keep: (kept: KeptConfiguration) => Promise<void>;
  readonly kept?: KeptConfiguration;
  /** True once it is known what the monitor still counts. */
  readonly ready: () => boolean;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface KeptConfiguration {
  readonly own: number;
  readonly inherited: number;
  readonly sketches: readonly StoredSketch[];
}

const fetchMs = 2000;
const longest = 2 ** 22;

export class WantedSet {
  readonly #options: WantedSetOptions;
  /** Changes that controllers made at this agent. */
  #own: number;
  /** Revision of the parent's set that it has taken. */
  #inherited: number;
  #fetching: Promise<void> | undefined;
  #restored: boolean;
  /** Whose all sketches became, while some were still to be restored. */
  #marked: boolean | undefined;

  constructor(options: WantedSetOptions) {
    this.#options = options;
    this.#own = options.kept?.own ?? 0;
    this.#inherited = options.kept?.inherited ?? 0;
    this.#restored = options.kept === undefined;
  }

  /** What the agents below should have. Revision 0: nobody ever wanted anything. */
  get summary(): Configured {
    const sketches = this.#options.book.list();
    const least = sketches.length > 0 ? 1 : 0;
    const revision = this.#restored ? Math.max(least, this.#own + this.#inherited) : 0;
    return { revision, hash: hashOf(sketches) };
  }

  /** Revision of the parent's set that this agent has taken. */
  get observed(): number {
    return this.#inherited;
  }

  /** What this agent has of the parent's set. */
  get taken(): Configured {
    return { revision: this.#inherited, hash: this.#inheritedHash() };
  }

  /** All of it, for an agent below. */
  get requests(): readonly Request[] {
    return sorted(this.#options.book.list()).flatMap(creation);
  }

  /** Takes up what was kept, once it is known what the monitor still counts. True when the monitor is to be told. */
  restore(): boolean {
    if (this.#restored) return false;
    this.#restored = true;
    const { book, kept, now } = this.#options;
    for (const stored of kept?.sketches ?? []) {
      const present = book.get(stored.uuid) ?? unstoredSketch(book, stored, now());
      present.inherited = this.#marked ?? stored.inherited === true;
      const watches = stored.watches ?? [];
      book.watches.replace(
        present,
        watches.map((watch) => ({ ...watch, inherited: this.#marked ?? watch.inherited === true })),
      );
    }
    return true;
  }

  /** A controller has changed something here. Rejects when that cannot be kept. */
  async changed(): Promise<void> {
    this.#own += 1;
    await this.keep();
  }

  /** Keeps the set as it is. Rejects when that cannot be done. */
  async keep(): Promise<void> {
    // What was kept is not overwritten before it was taken up.
    if (!this.#restored) return;
    const sketches = this.#options.book.list().map(storedSketch);
    await this.#options.keep({ own: this.#own, inherited: this.#inherited, sketches });
  }

  /** This agent has become the root: all that was wanted of it, it wants. */
  async own(): Promise<void> {
    this.#own += this.#inherited;
    this.#inherited = 0;
    await this.#mark(false);
  }

  /** This agent is the root no more: another one says what is wanted. */
  async disown(): Promise<void> {
    this.#inherited += this.#own;
    this.#own = 0;
    await this.#mark(true);
  }

  /** Follows what a parent wants. Never rejects. */
  async heed({ revision, hash }: Pick<LeaseAnswer, "revision" | "hash">, from: AgentAddress): Promise<void> {
    const isReady = this.#restored && this.#options.ready();
    if (revision === 0 || !isReady || this.#fetching !== undefined) return this.#fetching;
    if (hash === this.#inheritedHash()) return this.#observe(revision);
    this.#fetching = this.#fetch(from)
      .catch(() => undefined)
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  async #fetch(address: AgentAddress): Promise<void> {
    const before = this.#inheritedHash();
    const request: Request = { type: "copy configuration", timeout_ms: fetchMs, budget_ms: fetchMs };
    const { head } = await this.#options.ask({ address, state: "unknown" }, request, fetchMs, longest);
    const { revision, requests } = configurationIn(head);
    // A change that came meanwhile is newer than this set.
    if (before === this.#inheritedHash()) await this.#become(requests, revision);
  }

  async #become(requests: readonly Request[], revision: number): Promise<void> {
    const { book, carryOut } = this.#options;
    const wanted = new Set(requests.map(uuidOf));
    for (const sketch of book.list()) {
      if (wanted.has(sketch.uuid)) sketch.inherited = true;
      else if (sketch.inherited) await carryOut(deletionOf(sketch)).catch(() => undefined);
    }
    const watched = new Set(requests.map(({ watch }: Relay) => watch));
    for (const { watch } of book.watches.list()) {
      if (watched.has(watch.uuid)) watch.inherited = true;
      else if (watch.inherited) await carryOut(unwatchRequest(watch.uuid)).catch(() => undefined);
    }
    const present = new Set(book.list().flatMap(creation).map(textOf));
    // One that this host refuses stays in the book, with the reason, and does not keep out the others.
    for (const request of requests)
      if (!present.has(textOf(request))) await carryOut(request).catch(() => undefined);
    await this.#observe(revision);
  }

  async #observe(revision: number): Promise<void> {
    if (revision === this.#inherited) return;
    this.#inherited = revision;
    await this.keep().catch(() => undefined);
  }

  async #mark(inherited: boolean): Promise<void> {
    this.#marked = inherited;
    const { book } = this.#options;
    for (const sketch of book.list()) sketch.inherited = inherited;
    for (const { watch } of book.watches.list()) watch.inherited = inherited;
    await this.keep().catch(() => undefined);
  }

  #inheritedHash(): string {
    return hashOf(this.#options.book.list().filter(({ inherited }) => inherited));
  }
}

const sorted = (sketches: readonly Sketch[]): readonly Sketch[] =>
  [...sketches].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));

const uuidOf = ({ uuid, sketch }: Relay): string | undefined => uuid ?? sketch;

const deletionOf = ({ uuid }: Sketch): Request => ({
  type: "delete sketch",
  sketch: uuid,
  timeout_ms: fetchMs,
});

/** Throws incompatible, or bad_request for a request that is none. */
function configurationIn(head: Readonly<Record<string, unknown>>) {
  const { revision, requests } = head;
  if (typeof revision !== "number" || !Array.isArray(requests))
    throw new TallyError(
      "incompatible",
      "this is no configuration: check that the agents are of one version",
    );
  return { revision, requests: requests.map((one) => checkRequest(one as Record<string, unknown>)) };
}
