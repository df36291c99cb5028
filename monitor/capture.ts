// The monitor's one tap: watched for failure, and asked through here so that every error leaves as a TallyError.

import { TallyError } from "../controller-client/messages/index.js";
import { addStats, type Tap, type TapStats } from "../native/index.js";
import type { TapState } from "./protocol.js";

const nativeCodes = ["not_found", "conflict", "bad_request", "tap"] as const;

export interface CaptureOptions extends Pick<TapState, "kind" | "why"> {
  readonly tap: Tap;
}

export class Capture {
  readonly kind: TapState["kind"];
  readonly #tap: Tap;
  readonly #why: Pick<TapState, "why">;
  #earlier: TapStats | undefined;
  #reason: string | undefined;
  #stopping = false;

  /** `onFailure` is told once, with the reason, when the tap fails for good. */
  constructor({ kind, tap, why }: CaptureOptions, onFailure: (reason: string) => void) {
    this.kind = kind;
    this.#why = why === undefined ? {} : { why };
    this.#tap = tap;
    tap.finished.catch((error: unknown) => {
      if (this.#stopping) return;
      this.#reason = sentence(error);
      onFailure(this.#reason);
      // Gives back what a failed source still holds of the kernel: its ring, its queue, its rules.
      tap.stop().catch(() => undefined);
    });
  }

  get state(): TapState {
    const tap = { kind: this.kind, ...this.#why };
    return this.#reason === undefined
      ? { ...tap, state: "running" }
      : { ...tap, state: "failed", reason: this.#reason };
  }

  /** The books are to go on from those of an earlier monitor. */
  follow(earlier: TapStats): void {
    this.#earlier = earlier;
  }

  /** The tap's books and all before. Rejects as use. */
  async stats(): Promise<TapStats> {
    const stats = await this.use((tap) => tap.stats());
    return this.#earlier === undefined ? stats : addStats(stats, this.#earlier);
  }

  /** Asks the tap. Rejects with `tap` once it has failed, else with the tap's own code. */
  async use<T>(ask: (tap: Tap) => Promise<T>): Promise<T> {
    this.#refuseFailed();
    try {
      return await ask(this.#tap);
    } catch (error) {
      this.#refuseFailed();
      throw fromNative(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#tap.stop();
  }

  #refuseFailed(): void {
    if (this.#reason !== undefined) {
      throw new TallyError("tap", `the ${this.kind} tap has failed: ${this.#reason}; restart the monitor`);
    }
  }
}

/** The tap's own errors as TallyErrors, any other as it is; `field` says what was wrong in the words of the messages. */
export function fromNative(error: unknown, field?: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const known = nativeCodes.find((name) => name === code);
  if (error instanceof TallyError || known === undefined) return error;
  return new TallyError(known, sentence(error), { cause: error, field });
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
