// This host's own part of every answer: what the monitor counted, since when, and what was lost on the way.

import type { Gap, Loss, Span } from "../controller-client/messages/index.js";
import { TallyError } from "../controller-client/messages/index.js";
import type { Monitor } from "../monitor/client.js";
import { noLoss, type OwnPart } from "../overlay/index.js";
import type { Algebra, Interval, Totals, Window } from "./algebra.js";
import { viewOf } from "./ledger-view.js";
import { lossOf } from "./loss-record.js";
import type { Compared } from "./payloads/compared.js";
import type { Contacts } from "./payloads/contacts.js";
import type { Counted } from "./payloads/counted.js";
import type { Hitters } from "./payloads/hitters.js";
import type { KeyIntervals } from "./payloads/key-intervals.js";
import type { Population } from "./payloads/populations.js";
import type { Seconds } from "./payloads/seconds.js";
import { largestWithin } from "./payloads/share.js";
import type { Counter, Sketch } from "./sketch.js";

export interface OwnHostOptions {
  /** The agent's name. */
  readonly name: string;
  readonly monitor: Monitor;
  readonly algebra: Algebra;
  readonly now: () => number;
  /** When the monitor was another one than before. */
  readonly restarts: () => readonly Omit<Gap, "host">[];
}

/** One counter of one sketch, and how the answer is wanted. */
export interface Asked {
  readonly sketch: Sketch;
  readonly counter?: Counter;
  readonly window: Window;
  /** A coarser key type to read the counter by. */
  readonly groupBy?: string | undefined;
  /** Whether to fetch what was lost; bare answers do not show it. */
  readonly detail: boolean;
  readonly budgetMs: number;
}

type Part<V> = Promise<OwnPart<Counted<V>>>;

/** Every method rejects with TallyError, `not_found` for what the monitor does not have (any more). */
export class OwnHost {
  readonly #monitor: Monitor;
  readonly #algebra: Algebra;
  readonly #now: () => number;
  readonly #options: OwnHostOptions;

  constructor(options: OwnHostOptions) {
    this.#monitor = options.monitor;
    this.#algebra = options.algebra;
    this.#now = options.now;
    this.#options = options;
  }

  interval(asked: Asked, key: string): Part<Interval> {
    if (asked.groupBy !== undefined) return this.#part(asked, () => this.#groupInterval(asked, key));
    const { sketch, counter, budgetMs } = asked;
    const query = { uuid: sketch.uuid, keyType: counter?.keyType ?? "", key, window: asked.window };
    return this.#part(asked, () => this.#monitor.interval(query, budgetMs));
  }

  async #groupInterval(asked: Asked, key: string): Promise<Counted<Interval>> {
    const { value: ledger, ...covered } = await this.#ledger(asked);
    const { lower, upper } = this.#view(asked).intervals(ledger, [key]);
    return { ...covered, value: { lower: lower[0] ?? 0n, upper: upper[0] ?? 0n } };
  }

  /** The sum of all increments of the counter: what shares are shares of. */
  total(asked: Asked): Part<Interval> {
    return this.#part(asked, async () => {
      const { value: ledger, ...covered } = await this.#ledger(asked);
      const { total } = this.#algebra.ledgerSummary(ledger);
      return { ...covered, value: { lower: total, upper: total } };
    });
  }

  totals(asked: Asked): Part<Totals> {
    return this.#part(asked, async () => ({
      ...this.#sinceMade(asked),
      value: await this.#monitor.totals(asked.sketch.uuid, asked.budgetMs),
    }));
  }

  distinct(asked: Asked): Part<Uint8Array> {
    return this.#part(asked, () => this.#monitor.distinct(ledgerQuery(asked), asked.budgetMs));
  }

  /** The histogram of the sketch's packet sizes. */
  sizes(asked: Asked): Part<Uint8Array> {
    const { sketch, window, budgetMs } = asked;
    return this.#part(asked, () => this.#monitor.sizes({ uuid: sketch.uuid, window }, budgetMs));
  }

  ledger(asked: Asked): Part<Uint8Array> {
    return this.#part(asked, () => this.#ledger(asked));
  }

  /** What this host's own ledger tells of some keys, and its total. */
  keyIntervals(asked: Asked, keys: readonly string[]): Part<KeyIntervals> {
    return this.#part(asked, async () => {
      const { value: ledger, ...covered } = await this.#ledger(asked);
      const view = this.#view(asked);
      const { lower, upper } = view.intervals(ledger, keys);
      return { ...covered, value: { lower, upper, total: view.total(ledger) } };
    });
  }

  /** The ledger, and then the set of its keys, which has seen all that the ledger has. */
  population(asked: Asked): Part<Population> {
    return this.#part(asked, async () => {
      const { value: ledger, ...covered } = await this.#ledger(asked);
      const { value: distinct } = await this.#monitor.distinct(ledgerQuery(asked), asked.budgetMs);
      return { ...covered, value: { ledger, distinct } };
    });
  }

  /** The ledger and, when the counter keeps one by that type, the spread, which has seen all that the ledger has. */
  contacts(asked: Asked, by: string): Part<Contacts> {
    return this.#part<Contacts>(asked, async () => {
      const { value: ledger, ...covered } = await this.#ledger(asked);
      if (asked.counter?.spread?.includes(by) !== true) return { ...covered, value: { ledger } };
      const { value: spread } = await this.#monitor.spread({ ...ledgerQuery(asked), by }, asked.budgetMs);
      return { ...covered, value: { ledger, spread } };
    });
  }

  /** The ledger of each second of a span, but for those without packets. */
  seconds(asked: Asked, span: Span): Part<Seconds> {
    return this.#part<Seconds>(asked, async () => {
      const starts = Array.from({ length: span.to - span.from }, (_, i) => span.from + i);
      const panes = await Promise.all(
        starts.map((from) => this.#ledger({ ...asked, window: { from, to: from + 1 } })),
      );
      // A second that is no longer kept by itself is answered by its minute.
      const single = panes.filter(({ from, to }) => to - from === 1);
      const filled = single.filter(({ value }) => this.#algebra.ledgerSummary(value).total > 0n);
      const edges = single.flatMap(({ from, to }) => [from, to]);
      const from = edges.length === 0 ? span.to : Math.min(...edges);
      return {
        from,
        to: Math.max(from, ...edges),
        value: new Map(filled.map(({ from, value }) => [from, value])),
      };
    });
  }

  /** The ledgers of two windows. */
  compared(asked: Asked, earlier: Window): Part<Compared> {
    return this.#part(asked, async () => {
      const [{ value: ledger, ...covered }, before] = await Promise.all([
        this.#ledger(asked),
        this.#ledger({ ...asked, window: earlier }),
      ]);
      return { ...covered, value: { ledger, before } };
    });
  }

  /** The ledger, and with a threshold the keys above it here. */
  hitters(asked: Asked, threshold: number | undefined): Part<Hitters> {
    return this.#part(asked, async () => {
      const { value: ledger, ...covered } = await this.#ledger(asked);
      if (threshold === undefined) return { ...covered, value: { ledger, ...nobody } };
      return { ...covered, value: { ledger, ...this.#candidates(ledger, asked, threshold) } };
    });
  }

  #ledger(asked: Asked): Promise<Counted<Uint8Array>> {
    return this.#monitor.ledger(ledgerQuery(asked), asked.budgetMs);
  }

  #view({ sketch, counter, groupBy }: Asked) {
    const secret = Buffer.from(sketch.secret, "hex");
    return viewOf({ algebra: this.#algebra, keyType: counter?.keyType ?? "", secret }, groupBy);
  }

  #candidates(ledger: Uint8Array, asked: Asked, threshold: number): Omit<Hitters, "ledger"> {
    const view = this.#view(asked);
    const above = largestWithin(threshold, view.total(ledger));
    const { keys, lower } = view.entries(ledger, { above });
    const isCertain = (index: number) => (lower[index] ?? 0n) > above;
    return {
      certain: new Set(keys.filter((_, index) => isCertain(index))),
      possible: new Set(keys.filter((_, index) => !isCertain(index))),
    };
  }

  async #part<V>(asked: Asked, count: () => Promise<Counted<V>>): Part<V> {
    try {
      const [{ value, ...covered }, loss] = await Promise.all([
        count(),
        asked.detail ? this.#loss(asked) : noLoss,
      ]);
      const span = typeof asked.window === "string" ? this.#sinceMade(asked) : covered;
      return { payload: { ...span, value }, loss };
    } catch (error) {
      throw explained(error, asked.sketch);
    }
  }

  /** To the millisecond, while the monitor tells whole seconds. */
  #sinceMade({ sketch, counter, window }: Asked): { readonly from: number; readonly to: number } {
    const to = this.#now() / 1000;
    const since = Math.min(to, counter?.since ?? sketch.since);
    return { from: window === "all" ? since : Math.max(since, Math.floor(to) - 1), to };
  }

  async #loss(asked: Asked): Promise<Loss> {
    const { sketch, counter, budgetMs } = asked;
    const [totals, unkeyed, stats] = await Promise.all([
      this.#monitor.totals(sketch.uuid, budgetMs),
      counter === undefined
        ? 0n
        : this.#ledger(asked).then(({ value }) => this.#algebra.ledgerSummary(value).unkeyed),
      this.#monitor.stats(budgetMs),
    ]);
    const { name: host, restarts } = this.#options;
    const span: Span = typeof asked.window === "string" ? this.#sinceMade(asked) : asked.window;
    return lossOf(
      { host, stats, restarts: restarts() },
      {
        ...{ matched: totals.buffers, unkeyed, span },
        inner: sketch.filter.inner ?? false,
        netns: sketch.filter.netns,
      },
    );
  }
}

const nobody = { certain: new Set<string>(), possible: new Set<string>() };

const ledgerQuery = ({ sketch, counter, window }: Asked) => ({
  uuid: sketch.uuid,
  keyType: counter?.keyType ?? "",
  window,
});

// The book has the sketch and the monitor does not: it was restarted, or refuses it for a reason that was kept.
function explained(error: unknown, { problem }: Sketch): unknown {
  if (!(error instanceof TallyError) || error.code !== "not_found") return error;
  const message = problem ?? "this host's monitor was restarted; it counts from now on";
  return new TallyError("not_found", message, { cause: error });
}
