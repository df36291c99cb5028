// Puts the own part and the children's replies together so that no host is in the sum twice and nobody is forgotten.
// Replies are added up a few at a time and then dropped: a parent does not hold the ledgers of all its children.

import type { HostBehind, Loss, MissingHost } from "../controller-client/messages/index.js";
import { type Child, nameOf } from "./children.js";
import { addClocks, type Clocks, noClocks } from "./clocks.js";
import { hostSet } from "./host-set.js";
import type { KnownHosts } from "./known-hosts.js";
import { addLoss, noLoss } from "./loss.js";
import type { Codec, Partial } from "./partial.js";
import { badReply, type Failure, type Heard, type OwnPart, type Reply, textOf } from "./replies.js";

export type OwnReply<P> = OwnPart<P> | { readonly failure: Failure };

export interface CombinationOptions<P> {
  readonly name: string;
  /** Names of the agents above: none of them can be below as well. */
  readonly path: readonly string[];
  readonly codec: Codec<P>;
  readonly known: KnownHosts;
  /** Levels of agents below this one, as far as is known. */
  readonly levels: () => number;
}

/** Several full ledgers: added at once they take a third of the time that they take one after the other. */
const mostPendingBytes = 2 ** 20;

export class Combination<P> {
  readonly #options: CombinationOptions<P>;
  readonly #answered = new Set<string>();
  readonly #missing = new Map<string, MissingHost>();
  #payload: P | undefined;
  #pending: Heard<P>[] = [];
  #pendingBytes = 0;
  #loss: Loss = noLoss;
  #clocks: Clocks = noClocks;
  readonly #behind: HostBehind[] = [];

  constructor(options: CombinationOptions<P>) {
    this.#options = options;
  }

  addOwn(own: OwnReply<P>): void {
    if ("failure" in own) {
      this.#miss(this.#options.name, own.failure);
      return;
    }
    this.#payload = own.payload;
    this.#loss = addLoss(this.#loss, own.loss);
    this.#answered.add(this.#options.name);
  }

  addReply(reply: Reply<P>): void {
    if ("failure" in reply) this.#missSubtree(reply.child, reply.failure);
    else this.#addPartial(reply);
  }

  /** Once. */
  result(): Partial<P> {
    this.#settle();
    const { name, levels } = this.#options;
    const hosts = [...this.#answered];
    const missing = [...this.#missing.values()].filter(({ host }) => !this.#answered.has(host));
    const told = { loss: this.#loss, clocks: this.#clocks, behind: this.#behind };
    const result = { name, hosts, levels: levels(), missing, ...told };
    return this.#payload === undefined ? result : { ...result, payload: this.#payload };
  }

  #addPartial(heard: Heard<P>): void {
    const { child, partial } = heard;
    const failure = this.#refusal(partial);
    if (failure !== undefined) {
      this.#missReply(child, partial, failure);
      return;
    }
    for (const host of partial.hosts) this.#answered.add(host);
    this.#pending.push(heard);
    this.#pendingBytes += heard.bytes;
    if (this.#pendingBytes >= mostPendingBytes) this.#settle();
  }

  /** Adds the pending ones: all at once, or one by one when some do not fit, to see which. */
  #settle(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#merge(pending) === undefined) for (const heard of pending) this.#accept(heard);
    else for (const heard of pending) this.#settleAlone(heard);
  }

  #settleAlone(heard: Heard<P>): void {
    const failure = this.#merge([heard]);
    if (failure === undefined) {
      this.#accept(heard);
      return;
    }
    for (const host of heard.partial.hosts) this.#answered.delete(host);
    this.#missReply(heard.child, heard.partial, failure);
  }

  /** Why a partial must not be counted at all. */
  #refusal({ hosts }: Partial<P>): Failure | undefined {
    const { name, path } = this.#options;
    const above = hosts.find((host) => host === name || path.includes(host));
    if (above !== undefined) return badReply(`it claims to answer for ${above}, which is above it`);
    const isAnswered = (host: string) => this.#answered.has(host);
    if (hosts.some(isAnswered)) this.#settle(); // perhaps by one that does not fit
    const twice = hosts.find(isAnswered);
    if (twice === undefined) return undefined;
    return { reason: "conflict", message: `${twice} is in another reply already` };
  }

  #merge(heard: readonly Heard<P>[]): Failure | undefined {
    const told = heard.flatMap(({ partial: { payload } }) => (payload === undefined ? [] : [payload]));
    if (told.length === 0) return undefined;
    try {
      this.#payload = this.#options.codec.merge(
        this.#payload === undefined ? told : [this.#payload, ...told],
      );
      return undefined;
    } catch (error) {
      return badReply(`it cannot be added to the others: ${textOf(error)}`);
    }
  }

  #accept({ child, partial, clocks, behind }: Heard<P>): void {
    this.#loss = addLoss(this.#loss, partial.loss);
    this.#clocks = addClocks(this.#clocks, clocks);
    for (const host of behind) this.#behind.push(host);
    this.#noteBelow(child, partial);
  }

  #noteBelow(child: Child, { name, hosts, levels, missing, all_of }: Partial<P>): void {
    const { known } = this.#options;
    if (child.agentName !== name) known.forget(nameOf(child));
    child.agentName = name;
    if (levels !== undefined) child.levels = levels;
    const silent = missing.map(({ host }) => host);
    const listed = new Set([...hosts, ...silent]);
    const unlisted = known.below(child.address.name).filter((host) => !listed.has(host));
    known.note(child.address.name, hosts, silent);
    for (const entry of missing) this.#note(entry);
    for (const host of unlisted) this.#miss(host, { reason: "error", message: `${name} lists it no more` });
    if (all_of === undefined) child.hosts = hostSet([...listed]);
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
