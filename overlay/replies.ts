// What came of asking one agent: its partial answer, or why there is none.

import {
  type ErrorCode,
  type HostBehind,
  type Loss,
  type MissingReason,
  TallyError,
} from "../controller-client/messages/index.js";
import type { Child } from "./children.js";
import type { Clocks } from "./clocks.js";
import type { Partial } from "./partial.js";

/** This host's own part of an answer. */
export interface OwnPart<P> {
  readonly payload: P;
  readonly loss: Loss;
}

export interface Failure {
  readonly reason: MissingReason;
  readonly message: string;
}

/** A child's answer. */
export interface Heard<P> {
  readonly child: Child;
  readonly partial: Partial<P>;
  /** Of the child and those below it, by ours. */
  readonly clocks: Clocks;
  /** Of them, those whose configuration is not the one wanted here. */
  readonly behind: readonly HostBehind[];
  /** What the payload takes. */
  readonly bytes: number;
}

/** What came of asking a child. */
export type Reply<P> = Heard<P> | { readonly child: Child; readonly failure: Failure };

const reasons: { readonly [C in ErrorCode]?: MissingReason } = {
  timeout: "timeout",
  overload: "overload",
  unavailable: "refused",
  loop: "loop",
  conflict: "conflict",
  incompatible: "bad_reply",
  too_large: "bad_reply",
  not_found: "no_sketch",
  monitor_down: "monitor_down",
};

const longestMessage = 300;

/** How an error is told in a list of missing hosts. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof TallyError)) return { reason: "error", message: "something went wrong inside" };
  return { reason: reasons[error.code] ?? "error", message: shortened(error.message) };
}

/** A reply that cannot be used, for a reason in a sentence. */
export const badReply = (what: string): Failure => ({ reason: "bad_reply", message: shortened(what) });

/** The text of anything thrown. */
export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function shortened(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage)}...` : message;
}
