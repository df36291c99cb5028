// Who is below an agent for now: each child holds a lease, which ends by itself unless it is renewed.

import { parseAgentAddress, type RequestOf, TallyError } from "../../controller-client/messages/index.js";
import type { Configured } from "../behind.js";
import type { Children, Lease } from "../children.js";
import type { KnownHosts } from "../known-hosts.js";

/** Three heartbeats. */
export const leaseMs = 6000;

/** A silent child is listed as missing for a day; then the roster alone remembers it. */
const missedMs = 86_400_000;

export interface LeasesOptions {
  readonly children: Children;
  readonly known: KnownHosts;
  readonly elapsed: () => number;
  /** The configuration that a child should have. */
  readonly wanted: () => Configured;
}

export class Leases {
  readonly #options: LeasesOptions;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** Gives or renews a lease, or only tells the terms. Throws conflict, too_large. */
  take({ agent, agent_addr, incarnation, hold, revision }: RequestOf<"renew lease">) {
    const { children, elapsed, wanted } = this.#options;
    if (hold === "no") return { lease_ms: 0, ...wanted() };
    const address = parseAgentAddress(agent_addr);
    const present = children.get(address.name);
    this.#refuseOlder(present?.lease, agent, incarnation);
    const child = present ?? children.add(address);
    child.agentName = agent;
    child.lease = { agent, incarnation, hold, revision, until: elapsed() + leaseMs };
    return { lease_ms: leaseMs, ...wanted() };
  }

  /** Ends a child's lease, and forgets it: it is elsewhere now. */
  end(agent: string, incarnation: number): void {
    const { children } = this.#options;
    const child = children.list().find(({ lease }) => lease?.agent === agent);
    if (child?.lease === undefined || child.lease.incarnation > incarnation) return;
    this.#forget(child.address.name);
  }

  /** Forgets children that have gone without a word, at once those that were here in place of their parents. */
  sweep(): void {
    const { children, elapsed } = this.#options;
    for (const { lease, address } of children.list()) {
      const keptMs = lease?.hold === "backup" ? 0 : missedMs;
      if (lease !== undefined && elapsed() > lease.until + keptMs) this.#forget(address.name);
    }
  }

  #forget(address: string): void {
    this.#options.children.remove(address);
    this.#options.known.forgetBelow(address);
  }

  #refuseOlder(lease: Lease | undefined, agent: string, incarnation: number): void {
    if (lease === undefined || lease.until < this.#options.elapsed()) return;
    if (lease.agent === agent && lease.incarnation <= incarnation) return;
    const message = `${lease.agent} is here from the same address, started later than ${agent}: stop one of them`;
    throw new TallyError("conflict", message, { field: "incarnation" });
  }
}
