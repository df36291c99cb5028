// How agents of a roster speak to each other: single messages, over whatever transport carries questions too.

import type { RequestInput } from "../../controller-client/index.js";
import type { AgentAddress, Answer } from "../../controller-client/messages/index.js";

/** Brings a message to an agent and gives its answer, within `budget_ms` of the message. Rejects with TallyError. */
export type Send = <R extends RequestInput>(to: AgentAddress, message: R) => Promise<Answer<R["type"]>>;
