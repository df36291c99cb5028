// Brings every child to the configuration that this agent wants. A child that misses one message is behind, and a
// child that is behind gets the whole wanted state again, so that being away costs nothing but time.

import type { Request } from "../controller-client/messages/index.js";
import { TallyError } from "../controller-client/messages/index.js";
import { type Ask, relayed } from "./ask.js";
import { type Child, levelsAbove, nameOf } from "./children.js";
import { shares, within } from "./deadline.js";
import { textOf } from "./replies.js";
import type { Time } from "./time.js";

export interface WantedStateOptions {
  readonly name: () => string;
  readonly ask: Ask;
  /** Everything a child must be told, in order; told again it must change nothing. */
  readonly everything: () => readonly Request[];
  readonly time: Time;
}

interface Progress {
  behind: boolean;
  running?: Promise<void>;
  /** Not before this time, so that a child that refuses is not asked without end. */
  notBefore: number;
  /** Calls off the next attempt. */
  later?: () => void;
  refusal?: string;
}

const itemBudgetMs = 3000;
const pauseMs = 1000;
const pauseAfterRefusalMs = 10_000;

export class WantedState {
  readonly #options: WantedStateOptions;
  readonly #progress = new WeakMap<Child, Progress>();

  constructor(options: WantedStateOptions) {
    this.#options = options;
  }

  /** Tells all children of one change; resolves when each has it, or at the deadline. Never rejects. */
  async tell(children: readonly Child[], request: Request, limits: TellLimits): Promise<void> {
    const { childMs, collectMs } = shares(limits.budgetMs, levelsAbove(children));
    const told = children.map((child) => this.#tellOne(child, request, { ...limits, budgetMs: childMs }));
    await within(Promise.all(told), collectMs, this.#options.time).catch(() => undefined);
  }

  /** The child lacks something: everything is sent to it in the background, soon. */
  markBehind(child: Child): void {
    this.#of(child).behind = true;
    void this.catchUp(child);
  }

  /** Sends the whole wanted state to a child that is behind. Resolves when tried; never rejects. */
  catchUp(child: Child): Promise<void> {
    const progress = this.#of(child);
    if (progress.running !== undefined) return progress.running;
    if (!progress.behind) return Promise.resolve();
    if (this.#options.time.elapsed() < progress.notBefore) return this.#catchUpLater(child, progress);
    progress.running = this.#sendEverything(child, progress).finally(() => {
      delete progress.running;
    });
    return progress.running;
  }

  #catchUpLater(child: Child, progress: Progress): Promise<void> {
    const { time } = this.#options;
    progress.later ??= time.after(progress.notBefore - time.elapsed(), () => {
      delete progress.later;
      void this.catchUp(child);
    });
    return Promise.resolve();
  }

  /** Why a child did not take all of the configuration, if so. */
  refusalOf(child: Child): string | undefined {
    return this.#of(child).refusal;
  }

  /** True for a child that missed a change, until it has been sent everything. */
  isBehind(child: Child): boolean {
    const { behind, running } = this.#of(child);
    return behind || running !== undefined;
  }

  async #tellOne(child: Child, request: Request, { budgetMs, path = [] }: TellLimits): Promise<void> {
    const progress = this.#of(child);
    if (progress.behind || progress.running !== undefined) {
      progress.behind = true;
      return this.catchUp(child);
    }
    const outcome = await this.#send(child, request, budgetMs, path);
    // A child by the roster asks for what it lacks by itself.
    if (outcome === "lost" && child.lease === undefined) progress.behind = true;
  }

  // A change that comes while this runs sets `behind` again, and another round takes it along.
  async #sendEverything(child: Child, progress: Progress): Promise<void> {
    delete progress.refusal;
    let delivered = true;
    while (progress.behind && delivered) {
      progress.behind = false;
      delivered = await this.#sendRound(child);
    }
    progress.behind ||= !delivered;
    const pause = progress.refusal === undefined ? pauseMs : pauseAfterRefusalMs;
    progress.notBefore = this.#options.time.elapsed() + pause;
  }

  async #sendRound(child: Child): Promise<boolean> {
    for (const request of this.#options.everything()) {
      if ((await this.#send(child, request, itemBudgetMs, [])) === "lost") return false;
    }
    return true;
  }

  async #send(child: Child, request: Request, budgetMs: number, path: readonly string[]): Promise<Delivery> {
    const { name, ask, time } = this.#options;
    if (path.includes(nameOf(child))) return "delivered";
    try {
      await within(ask(child, relayed(request, budgetMs, [...path, name()]), budgetMs), budgetMs, time);
      return "delivered";
    } catch (error) {
      if (!wasHeard(error)) return "lost";
      this.#of(child).refusal = textOf(error);
      return "delivered";
    }
  }

  #of(child: Child): Progress {
    const known = this.#progress.get(child);
    if (known !== undefined) return known;
    const fresh: Progress = { behind: false, notBefore: Number.NEGATIVE_INFINITY };
    this.#progress.set(child, fresh);
    return fresh;
  }
}

export interface TellLimits {
  readonly budgetMs: number;
  /** Names of the agents above. */
  readonly path?: readonly string[];
}

type Delivery = "delivered" | "lost";

// A child that says no has heard; one whose connection failed may not have.
function wasHeard(error: unknown): boolean {
  return error instanceof TallyError && !["unavailable", "timeout", "internal"].includes(error.code);
}
