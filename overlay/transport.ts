// The transport seam: what carries messages between agents. All else of the overlay stands on this one function.

import type { Budget, Reply } from "../controller-client/http-link.js";
import type { RequestInput } from "../controller-client/index.js";
import type { AgentAddress } from "../controller-client/messages/index.js";

export type { Budget, Reply } from "../controller-client/http-link.js";

export interface Transport {
  /**
   * Brings a message to the agent at `to` and back its reply. Rejects with TallyError: `unavailable` (nobody there),
   * `timeout`, `too_large` (a reply of more bytes than the budget has, of which no more are held).
   */
  request(to: AgentAddress, message: RequestInput, budget: Budget): Promise<Reply>;
  /** Ends all connections; requests under way reject. */
  close(): Promise<void>;
}
