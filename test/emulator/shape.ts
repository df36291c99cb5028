// The tree of emulated agents: agent 0 is the root, the others fill one level after the other.

import { type AgentAddress, parseAgentAddress } from "../../controller-client/messages/index.js";

export interface Shape {
  readonly agents: number;
  readonly fanout: number;
}

export const parentOf = (index: number, { fanout }: Shape): number => Math.floor((index - 1) / fanout);

export function childrenOf(index: number, { agents, fanout }: Shape): readonly number[] {
  const first = index * fanout + 1;
  return Array.from({ length: Math.max(0, Math.min(fanout, agents - first)) }, (_, i) => first + i);
}

/** The root's is 0. */
export function levelOf(index: number, shape: Shape): number {
  let level = 0;
  for (let at = index; at > 0; at = parentOf(at, shape)) level += 1;
  return level;
}

/** Each agent has an address of its own on the loopback. */
export const addressOf = (index: number): AgentAddress =>
  parseAgentAddress(`127.77.${(index + 1) >> 8}.${(index + 1) & 255}:8000`);
