// What every answer must be, whatever went wrong in the network: right for exactly the hosts it lists.

import type { Coverage } from "../../controller-client/messages/index.js";

/** A detailed answer of `query counter`, as far as it is judged. */
export interface DigitAnswer {
  readonly value: readonly [packets: number | string, bytes: number | string];
  readonly coverage: Coverage;
}

export interface Expectation {
  /** Names by index; host i counts 4^i. */
  readonly names: readonly string[];
  /** Milliseconds that the asker gave, and that it took. */
  readonly budgetMs: number;
  readonly tookMs: number;
}

/** Room for what is computed after the deadline. */
const graceMs = 1;

/** Sentences that say what is wrong with an answer; none when it is right. */
export function faultsOf({ value, coverage }: DigitAnswer, expected: Expectation): readonly string[] {
  const { names, budgetMs, tookMs } = expected;
  const { answered, missing, revision_behind = [] } = coverage;
  const listed = [...answered, ...missing.map(({ host }) => host)];
  const faults = [...digitFaults(BigInt(value[0]), new Set(answered), names)];
  if (new Set(listed).size !== listed.length) faults.push(`a host is listed twice: ${listed.join(", ")}`);
  const unknown = listed.filter((host) => !names.includes(host));
  if (unknown.length > 0) faults.push(`there is no host ${unknown.join(", ")}`);
  for (const { host } of revision_behind)
    if (!answered.includes(host)) faults.push(`${host} is behind and has not answered`);
  if (coverage.expected !== listed.length)
    faults.push(`expected is ${coverage.expected} and ${listed.length} hosts are listed`);
  if (coverage.complete !== (missing.length === 0))
    faults.push(`complete is ${coverage.complete} with ${missing.length} missing`);
  if (tookMs > budgetMs + graceMs)
    faults.push(`it took ${Math.round(tookMs)} ms of ${Math.round(budgetMs)} ms`);
  return faults;
}

function digitFaults(sum: bigint, answered: ReadonlySet<string>, names: readonly string[]): string[] {
  const faults = names.flatMap((name, index) => {
    const digit = Number((sum >> BigInt(2 * index)) & 3n);
    const claimed = answered.has(name) ? 1 : 0;
    return digit === claimed ? [] : [`${name} is ${digit} times in the sum and ${claimed} times in answered`];
  });
  if (sum >> BigInt(2 * names.length) > 0n) faults.push(`the sum ${sum} is more than all hosts counted`);
  return faults;
}
