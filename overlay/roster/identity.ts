// Who an agent is to the others of its roster.

import type { AgentAddress, RequestOf } from "../../controller-client/messages/index.js";
import { parseAgentAddress, TallyError } from "../../controller-client/messages/index.js";
import type { Labels } from "./places.js";
import type { Newcomer } from "./roster.js";

export interface Self {
  readonly address: AgentAddress;
  /** Higher at every start. */
  readonly incarnation: number;
  readonly labels: Labels;
  readonly standby: boolean;
  /** Which monitor it counts by, as far as that is known. */
  readonly monitor: () => string | undefined;
  /** The roster may give it another one. */
  readonly name: { get(): string; set(name: string): void };
}

/** The fields by which an agent says who it is. */
export function sender({ name, address, incarnation }: Self) {
  return { agent: name.get(), agent_addr: address.name, incarnation };
}

export function joinFields(self: Self) {
  const { standby, labels } = self;
  const monitor = self.monitor();
  return {
    ...sender(self),
    standby,
    labels: Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ...(monitor === undefined ? {} : { monitor }),
  };
}

/** Who wants to join. Throws bad_request. */
export function newcomerOf(request: Joining): Newcomer {
  const { agent: name, agent_addr, incarnation, labels, standby, monitor } = request;
  const addr = parseAgentAddress(agent_addr).name;
  const known = monitor === undefined ? {} : { monitor };
  return { name, addr, incarnation, labels: labelsOf(labels), standby, ...known };
}

type Joining = Pick<
  RequestOf<"join roster">,
  "agent" | "agent_addr" | "incarnation" | "labels" | "standby" | "monitor"
>;

/** "rack=r1" and so on. Throws bad_request. */
export function labelsOf(texts: readonly string[]): Labels {
  return Object.fromEntries(texts.map(splitLabel));
}

function splitLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new TallyError("bad_request", `"${text}" is no label: give one such as rack=r1`, { field: "labels" });
}
