// The one error class of the system, its table of codes and its form on the wire.

/** Every error code and the HTTP status it travels with. */
export const errorStatus = {
  /** The message itself is wrong; the sentence says what to change. */
  bad_request: 400,
  unknown_type: 400,
  unsupported: 400,
  /** Well understood, and this system does not do it. */
  refused: 403,
  not_found: 404,
  /** Valid, but not together with what is there already. */
  conflict: 409,
  incompatible: 409,
  /** An agent found itself above itself in the tree. */
  loop: 409,
  too_large: 413,
  internal: 500,
  /** The agent runs and its monitor does not answer. */
  monitor_down: 503,
  /** The monitor runs and its tap failed. */
  tap: 503,
  unavailable: 503,
  /** Too many questions wait already. */
  overload: 503,
  /** Fewer hosts answered than the question requires. */
  incomplete: 503,
  timeout: 504,
} as const;

export type ErrorCode = keyof typeof errorStatus;

export interface TallyErrorOptions {
  /** The field of the message that is wrong. */
  readonly field?: string | undefined;
  readonly cause?: unknown;
}

/** The body of every answer that is not 2xx. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly field: string | null; readonly message: string };
}

/** An error with a code, the HTTP status of that code, and a sentence that says what to do. */
export class TallyError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: TallyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TallyError";
    this.code = code;
    this.status = errorStatus[code];
    this.field = options.field;
  }
}

export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === "string" && Object.hasOwn(errorStatus, text);

/** What leaves the process: nothing of an unknown error but that it happened. */
export function toErrorBody(error: unknown): ErrorBody {
  if (!(error instanceof TallyError)) {
    return { error: { code: "internal", field: null, message: "something went wrong inside; see the log" } };
  }
  return { error: { code: error.code, field: error.field ?? null, message: error.message } };
}

/** Rebuilds the error of an error body; undefined when the value is no error body. */
export function fromErrorBody(body: unknown): TallyError | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, field, message } = error as Partial<Record<"code" | "field" | "message", unknown>>;
  if (!isErrorCode(code) || typeof message !== "string") return undefined;
  return new TallyError(code, message, { field: typeof field === "string" ? field : undefined });
}
