// Why the agent did not start.

/** One clear sentence for the operator; the program prints it and exits with 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
