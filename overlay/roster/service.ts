// What an agent answers to the messages of its roster; what only the root can do is passed on to it.

import type { RequestInput } from "../../controller-client/index.js";
import {
  type Answer,
  type LeaseAnswer,
  type PlaceAnswer,
  type RequestOf,
  TallyError,
} from "../../controller-client/messages/index.js";
import { addressOf, claimOf, compareClaims } from "./claims.js";
import { newcomerOf, type Self } from "./identity.js";
import type { Leases } from "./leases.js";
import type { Membership } from "./membership.js";
import type { Reign } from "./reign.js";
import type { Send } from "./send.js";

export interface RosterServiceOptions {
  readonly self: Self;
  readonly membership: Membership;
  readonly leases: Leases;
  readonly send: Send;
}

const forwardMs = 3000;
const mostForwards = 8;

export class RosterService {
  readonly #options: RosterServiceOptions;

  constructor(options: RosterServiceOptions) {
    this.#options = options;
  }

  /**
   * Throws conflict when a question or change comes from another agent than the one that holds this one. That one may
   * know a root of a higher epoch: it is asked about that at once.
   */
  admit(path: readonly string[], epoch = 0): void {
    const { membership } = this.#options;
    const { role, holder, reign, claim } = membership;
    const asker = path.at(-1);
    if (asker === undefined || role === "static") return;
    if (asker === holder?.agent) {
      if (epoch > (claim?.tree_epoch ?? 0)) membership.lookUp();
      return;
    }
    const below = holder === undefined ? "below nobody for now" : `below ${holder.agent}`;
    const place = reign === undefined ? below : "the root of a roster";
    throw new TallyError("conflict", `${this.#name} is ${place}, not below ${asker}`);
  }

  /** Lets an agent onto the roster. Rejects with conflict, refused, not_found. */
  async join(request: RequestOf<"join roster">): Promise<PlaceAnswer> {
    return this.#atRoot(request, (reign) => reign.join(newcomerOf(request)));
  }

  /** Lets an agent be below this one for some seconds. Throws not_found, loop, conflict, refused. */
  lease(request: RequestOf<"renew lease">): LeaseAnswer {
    const { membership, leases } = this.#options;
    const path = [...membership.path, this.#name];
    this.#refuseOther(request);
    if (request.hold !== "no" && path.includes(request.agent))
      throw new TallyError("loop", `${request.agent} is above ${this.#name}: ${path.join(" > ")}`);
    membership.heed(claimOf(request));
    const { claim = claimOf(request), uprootedMs } = membership;
    return { ...claim, ...leases.take(request), path, uprooted_ms: uprootedMs };
  }

  /** An agent leaves this one, or the roster. Rejects with not_found. */
  async leave(request: RequestOf<"leave roster">): Promise<void> {
    const { agent, incarnation, from } = request;
    this.#options.leases.end(agent, incarnation);
    if (from === "parent") return;
    await this.#atRoot(request, async (reign) => {
      if (reign.roster.get(agent)?.incarnation === incarnation) await reign.remove(agent);
      return "ok";
    });
  }

  /** Its place, its name or its root is another one now. Throws conflict when a fenced root says so. */
  rejoin(request: RequestOf<"rejoin roster">): void {
    const { membership, self } = this.#options;
    const claim = claimOf(request);
    const own = membership.claim;
    if (membership.role === "static" || own === undefined) throw noRoster();
    if (own.roster === claim.roster && compareClaims(claim, own) < 0) {
      const message = `the root is ${own.root.agent} with epoch ${own.tree_epoch}; yours is ${claim.tree_epoch}`;
      throw new TallyError("conflict", message, { field: "tree_epoch" });
    }
    membership.heed(claim);
    if (request.name !== undefined) self.name.set(request.name);
    membership.lookUp();
  }

  /** Takes an agent off the roster. Rejects with not_found, conflict. */
  expel(request: RequestOf<"expel agent">): Promise<string> {
    return this.#atRoot(request, async (reign) => {
      const { name } = await reign.expel(request.agent);
      this.#options.leases.end(name, Number.MAX_SAFE_INTEGER);
      return `ok: ${name} is off the roster`;
    });
  }

  /** Gives an agent another name. Rejects with not_found, conflict. */
  rename(request: RequestOf<"rename agent">): Promise<string> {
    return this.#atRoot(request, async (reign) => {
      const { name } = await reign.rename(request.agent, request.name);
      if (name === reign.claim.root.agent) this.#options.self.name.set(name);
      return `ok: ${request.agent} is ${name} from now on`;
    });
  }

  /** Sends a message on to the root. Rejects with not_found without one, loop when nobody knows where it is. */
  async forward<R extends RequestInput>(request: R): Promise<Answer<R["type"]>> {
    const { claim, role } = this.#options.membership;
    const { path = [], budget_ms = request.timeout_ms ?? forwardMs } = request;
    if (role === "static" || claim === undefined) throw noRoster();
    if (path.includes(this.#name) || path.length > mostForwards)
      throw new TallyError("loop", `the root is not where ${this.#name} knows it: ask again in some seconds`);
    const passed = { ...request, budget_ms, path: [...path, this.#name] };
    return this.#options.send(addressOf(claim.root), passed);
  }

  get #name(): string {
    return this.#options.self.name.get();
  }

  // The answers of these messages have one form only, so what the root answers is what is wanted here.
  async #atRoot<T>(request: RequestInput, act: (reign: Reign) => Promise<T>): Promise<T> {
    const { reign } = this.#options.membership;
    return reign === undefined ? ((await this.forward(request)) as T) : act(reign);
  }

  #refuseOther({ agent, roster }: RequestOf<"renew lease">): void {
    const { claim, role } = this.#options.membership;
    if (claim === undefined || role === "static" || role === "expelled") throw noRoster();
    if (claim.roster === roster) return;
    const message = `${agent} is of another roster than ${claim.root.agent}'s: start it with --join to this one`;
    throw new TallyError("not_found", message, { field: "roster" });
  }
}

const noRoster = (): TallyError =>
  new TallyError(
    "not_found",
    "this agent is on no roster: start it with --root, or with --join to one that is",
  );
