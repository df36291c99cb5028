// What commands write to: standard output and error, or a test's arrays.

export interface Terminal {
  /** Writes to standard output. */
  readonly out: (text: string) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
}

/** A failure with its sentence: ends the program with exit code 1 and the sentence on standard error. */
export class Failure extends Error {}
