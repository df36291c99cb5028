// One step of a test tier: a program of its own that is run and counted.

import { execute, type Terms } from "./execute.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What a step came to. */
export interface Result extends Counts {
  /** What failed, by name. */
  readonly failures?: readonly string[];
  /** What failed while others had the machine too, and does not count, and the step that does it once more. */
  readonly again?: { readonly failures: readonly string[]; readonly step: Step };
}

/**
 * What a step bears beside it. Those "behind" take the CPU time that the others leave, two at a time. Those
 * "alone" measure time or need the machine's: they run first, one after another. Those "beside" one another mostly
 * wait, and then run at once.
 */
export type Place = "behind" | "beside" | "alone";

/** A step says what it is, where it runs, and how. */
export interface Step {
  readonly name: string;
  readonly place: Place;
  readonly run: (terms: Terms) => Promise<Result>;
}

export const onePassed: Counts = { passed: 1, failed: 0 };
export const oneFailed: Counts = { passed: 0, failed: 1 };

export function sum(counts: readonly Counts[]): Counts {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** A program whose exit status is the one check. */
export function check(name: string, place: Place, argv: readonly string[]): Step {
  const run = async (terms: Terms) => ((await execute(argv, terms)).status === 0 ? onePassed : oneFailed);
  return { name, place, run };
}

/** A program that ends with the line "N passed, N failed". */
export function counted(name: string, place: Place, argv: readonly string[]): Step {
  return {
    name,
    place,
    run: async (terms) => {
      const { status, output } = await execute(argv, terms);
      const [last] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].slice(-1);
      const counts = last === undefined ? oneFailed : { passed: Number(last[1]), failed: Number(last[2]) };
      return status === 0 || counts.failed > 0 ? counts : sum([counts, oneFailed]);
    },
  };
}
