// Puts the own part and the children's replies together so that no host is in the sum twice and nobody is forgotten.

import type { ClockOff, Loss, MissingHost } from "../controller-client/messages/index.js";
import { type Child, nameOf } from "./children.js";
import type { KnownHosts } from "./known-hosts.js";
import { addLoss, noLoss } from "./loss.js";
import type { Codec, Partial } from "./partial.js";
import { badReply, type Failure, type OwnPart, type Reply, textOf } from "./replies.js";

export type OwnReply<P> = OwnPart<P> | { readonly failure: Failure };

export interface CombinationOptions<P> {
  readonly name: string;
  /** Names of the agents above: none of them can be below as well. */
  readonly path: readonly string[];
  readonly codec: Codec<P>;
  readonly known: KnownHosts;
}

export class Combination<P> {
  readonly #options: CombinationOptions<P>;
  readonly #answered = new Set<string>();
  readonly #missing = new Map<string, MissingHost>();
  #payload: P | undefined;
  #loss: Loss = noLoss;
  readonly #clocks: ClockOff[] = [];

  constructor(options: CombinationOptions<P>) {
    this.#options = options;
  }

  addOwn(own: OwnReply<P>): void {
    if ("failure" in own) {
      this.#miss(this.#options.name, own.failure);
      return;
    }
    this.#payload = own.payload;
    this.#loss = own.loss;
    this.#answered.add(this.#options.name);
  }

  /** All replies at once: which one wins a host that two of them claim must not depend on who was faster. */
  addReplies(replies: readonly Reply<P>[]): void {
    const partials = replies.filter((reply) => "partial" in reply);
    const names = new Set(replies.map(({ child }) => nameOf(child)));
    for (const reply of byTrust(partials, names)) this.#addPartial(reply);
    for (const reply of replies) if ("failure" in reply) this.#missSubtree(reply.child, reply.failure);
  }

  result(): Partial<P> {
    const { name } = this.#options;
    const hosts = [...this.#answered];
    const missing = [...this.#missing.values()].filter(({ host }) => !this.#answered.has(host));
    const result = { name, hosts, missing, loss: this.#loss, clocks: this.#clocks };
    return this.#payload === undefined ? result : { ...result, payload: this.#payload };
  }

  #addPartial({ child, partial, clocks }: Heard<P>): void {
    const failure = this.#refusal(partial) ?? this.#merge(partial);
    if (failure !== undefined) {
      this.#missReply(child, partial, failure);
      return;
    }
    for (const host of partial.hosts) this.#answered.add(host);
    this.#loss = addLoss(this.#loss, partial.loss);
    const hosts = new Set(partial.hosts);
    this.#clocks.push(...clocks.filter(({ host }) => hosts.has(host)));
    this.#accept(child, partial);
  }

  /** Why a partial must not be counted at all. */
  #refusal({ hosts }: Partial<P>): Failure | undefined {
    const { name, path } = this.#options;
    const above = hosts.find((host) => host === name || path.includes(host));
    if (above !== undefined) return badReply(`it claims to answer for ${above}, which is above it`);
    const twice = hosts.find((host) => this.#answered.has(host));
    if (twice === undefined) return undefined;
    return { reason: "conflict", message: `${twice} is in another reply already` };
  }

  #merge({ payload }: Partial<P>): Failure | undefined {
    if (payload === undefined) return undefined;
    try {
      this.#payload =
        this.#payload === undefined ? payload : this.#options.codec.merge(this.#payload, payload);
      return undefined;
    } catch (error) {
      return badReply(`it does not fit the others: ${textOf(error)}`);
    }
  }

  #accept(child: Child, { name, hosts, missing }: Partial<P>): void {
    const { known } = this.#options;
    if (child.agentName !== name) known.forget(nameOf(child));
    child.agentName = name;
    const listed = new Set([...hosts, ...missing.map(({ host }) => host)]);
    const unlisted = known.below(child.address.name).filter((host) => !listed.has(host));
    known.note(
      child.address.name,
      hosts,
      missing.map(({ host }) => host),
    );
    for (const entry of missing) this.#note(entry);
    for (const host of unlisted) this.#miss(host, { reason: "error", message: `${name} lists it no more` });
  }

  #missReply(child: Child, partial: Partial<P>, failure: Failure): void {
    this.#missSubtree(child, failure);
    if (failure.reason !== "conflict") return;
    for (const host of partial.hosts) this.#miss(host, failure);
    for (const entry of partial.missing) this.#note(entry);
  }

  #missSubtree(child: Child, failure: Failure): void {
    this.#miss(nameOf(child), failure);
    const message = `below ${nameOf(child)}: ${failure.message}`;
    for (const host of this.#options.known.below(child.address.name)) {
      this.#miss(host, { ...failure, message });
    }
  }

  #miss(host: string, { reason, message }: Failure): void {
    const seen = this.#options.known.lastSeen(host);
    this.#note({ host, reason, message, ...(seen === undefined ? {} : { last_seen: seen }) });
  }

  #note(entry: MissingHost): void {
    if (!this.#missing.has(entry.host)) this.#missing.set(entry.host, entry);
  }
}

type Heard<P> = Extract<Reply<P>, { partial: Partial<P> }>;

// First those that name no other child of ours: each child speaks for itself before others speak for it.
// Then the larger ones, so that a conflict costs few hosts.
function byTrust<P>(replies: readonly Heard<P>[], names: ReadonlySet<string>): readonly Heard<P>[] {
  const foreign = ({ partial: { name, hosts } }: Heard<P>): number =>
    hosts.some((host) => host !== name && names.has(host)) ? 1 : 0;
  const rank = (a: Heard<P>, b: Heard<P>): number =>
    foreign(a) - foreign(b) ||
    b.partial.hosts.length - a.partial.hosts.length ||
    a.child.address.name.localeCompare(b.child.address.name);
  return [...replies].sort(rank);
}
