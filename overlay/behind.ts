// Hosts below that do not have the configuration yet that is wanted of them: by the roster each says which it has taken,
// and the agent above compares; in a tree made by hand that one knows whom a change did not reach.

import type { HostBehind } from "../controller-client/messages/index.js";
import type { Child } from "./children.js";

/** Which configuration: revisions grow, equal ones have equal hashes. */
export interface Configured {
  readonly revision: number;
  readonly hash: string;
}

/** A child compared with what is wanted of it. */
export interface Lag {
  readonly lacks: boolean;
  /** Revisions between, also when it lacks nothing: it hears them a heartbeat later than the changes. */
  readonly revisions?: number;
}

/** `taken`: what the child says it has. */
export type Compare = (child: Child, taken: Configured | undefined) => Lag;

/** `misses`: whether a change did not reach a child added by hand. */
export function comparison(configured: () => Configured, misses: (child: Child) => boolean): Compare {
  let wanted: Configured | undefined;
  return (child, taken) => {
    if (child.lease === undefined || taken === undefined) return { lacks: misses(child) };
    wanted ??= configured();
    // It may have changed since the last child was compared.
    if (taken.hash !== wanted.hash) wanted = configured();
    const lacks = wanted.revision > 0 && taken.hash !== wanted.hash;
    return { lacks, revisions: wanted.revision - taken.revision };
  };
}

/** Of `hosts`, a child and those below it, by what is wanted here; `below` by what the child wants. Lags add up. */
export function behindBelow(
  { lacks, revisions }: Lag,
  child: string,
  below: readonly HostBehind[],
  hosts: readonly string[],
): readonly HostBehind[] {
  const told = new Map(below.map((one) => [one.host, one]));
  told.delete(child);
  // What has not reached the child has not reached those below it.
  const behind = lacks ? hosts : hosts.filter((host) => told.has(host));
  return behind.map((host) => {
    const { revisions: more } = told.get(host) ?? { revisions: 0 };
    return revisions === undefined || more === undefined ? { host } : { host, revisions: revisions + more };
  });
}

/** As answers tell it: without numbers that say nothing. */
export const hostsBehind = (behind: readonly HostBehind[]): readonly HostBehind[] =>
  behind.map(({ host, revisions = 0 }) => (revisions > 0 ? { host, revisions } : { host }));
