// What commands write to: standard output and error, or a test's arrays.

export interface Terminal {
  /** Writes to standard output. */
  readonly out: (text: string) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  /** Whether standard error is a screen, where a line can be written over. */
  readonly isScreen?: boolean;
}

/** A failure with its sentence: ends the program with exit code 1 and the sentence on standard error. */
export class Failure extends Error {}
