// The alerts that last at the root, as its standby last heard of them: it goes on with them once it has taken over.

import { type Alert, parseAgentAddress } from "../controller-client/messages/index.js";
import type { Membership, Send } from "../overlay/index.js";
import { isAlert } from "./payloads/alerts.js";
import type { SketchBook } from "./sketch-book.js";

export interface RootAlertsOptions {
  readonly standby: boolean;
  readonly membership: Pick<Membership, "role" | "claim">;
  readonly book: SketchBook;
  readonly send: Send;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const timeout_ms = 1000;
/** As many as one answer may have. */
const mostCopied = 1000;

export class RootAlerts {
  readonly #options: RootAlertsOptions;
  #lasting: readonly Alert[] = [];

  constructor(options: RootAlertsOptions) {
    this.#options = options;
  }

  /** Asks the root for them, when there is a sum that it judges. Never rejects: what was heard before stays. */
  async copy(): Promise<void> {
    const { membership, send, now } = this.#options;
    const root = membership.claim?.root;
    if (!this.#isHeir() || root === undefined) return;
    const since = Math.floor(now() / 1000);
    const message = { type: "query alerts", scope: "host", k: mostCopied, since, timeout_ms } as const;
    const answer: unknown = await send(parseAgentAddress(root.agent_addr), message).catch(() => undefined);
    // It may have taken over meanwhile.
    if (Array.isArray(answer) && this.#isHeir()) this.#lasting = answer.filter(isAlert).filter(isLastingSum);
  }

  /** Gives those of a watch, once. */
  take(watch: string): readonly Alert[] {
    const taken = this.#lasting.filter((alert) => alert.watch === watch);
    if (taken.length > 0) this.#lasting = this.#lasting.filter((alert) => alert.watch !== watch);
    return taken;
  }

  #isHeir(): boolean {
    const { standby, membership, book } = this.#options;
    if (!standby || membership.role !== "member") return false;
    return book.watches.list().some(({ watch }) => watch.scope === "subtree" && watch.inherited);
  }
}

const isLastingSum = ({ agent, until }: Alert): boolean => agent !== undefined && until === undefined;
