// What came of judging watches: alerts that last, those that ended (the last thousand), and what could not be told.

import type { Alert, Beyond, WatchProblem } from "../controller-client/messages/index.js";
import { toCount } from "../controller-client/messages/index.js";
import type { Interval } from "./algebra.js";
import { isFarther, type Verdict, verdictOf } from "./verdict.js";
import type { Limit, Watch } from "./watch.js";

/** The count of one key over the window. */
export interface Finding extends Interval {
  readonly key: string;
  /** The best estimate. */
  readonly value: bigint;
}

/** What was counted for one watch. */
export interface Sight {
  readonly findings: readonly Finding[];
  /** Unix seconds: the end of the window. */
  readonly at: number;
  readonly hosts: ReadonlySet<string>;
  readonly missing: readonly string[];
  /** Whether each of `hosts` counted all of the window. */
  readonly isCovered: boolean;
}

/** Lasting alerts of one watch: more keys than these are named by no alert. */
export const mostLasting = 100;
const mostEnded = 1000;
const mostPossible = 100;

interface Lasting {
  readonly watch: Watch;
  readonly since: number;
  /** Where it was farthest beyond the limit. */
  peak: Finding;
  certain: boolean;
  complete: boolean;
  /** Who was in the count when it was last certain; undefined: another agent judged it then. */
  hosts: ReadonlySet<string> | undefined;
}

interface Ended extends Lasting {
  readonly until: number;
}

/** Told of each alert that begins or ends. */
export type OnAlert = (watch: Watch, alert: Alert) => void;

interface Trouble {
  unjudged?: string | undefined;
  unsent?: string | undefined;
}

export class Alerts {
  readonly #name: () => string;
  readonly #onAlert: OnAlert;
  readonly #lasting = new Map<string, Map<string, Lasting>>();
  #ended: readonly Ended[] = [];
  readonly #possible = new Map<string, readonly Beyond[]>();
  readonly #troubles = new Map<string, Trouble>();

  /** `name`: the agent's. */
  constructor(name: () => string, onAlert: OnAlert) {
    this.#name = name;
    this.#onAlert = onAlert;
  }

  /** Forgets whatever belongs to other watches. */
  keep(uuids: ReadonlySet<string>): void {
    for (const map of [this.#lasting, this.#possible, this.#troubles])
      for (const uuid of map.keys()) if (!uuids.has(uuid)) map.delete(uuid);
    this.#ended = this.#ended.filter(({ watch }) => uuids.has(watch.uuid));
  }

  /** Goes on with alerts that another agent began, and told whoever is to be told. */
  adopt(watch: Watch, alerts: readonly Alert[]): void {
    if (alerts.length === 0) return;
    const lasting = this.#lasting.get(watch.uuid) ?? new Map<string, Lasting>();
    for (const alert of alerts)
      if (!lasting.has(alert.key)) lasting.set(alert.key, { ...adopted(alert), watch });
    this.#lasting.set(watch.uuid, lasting);
  }

  /** The keys whose alerts last: they are to be looked at until they end. */
  lastingKeys({ uuid }: Watch): readonly string[] {
    return [...(this.#lasting.get(uuid)?.keys() ?? [])];
  }

  /** Begins, goes on with and ends the alerts of a watch. */
  note(watch: Watch, sight: Sight): void {
    const trouble = this.#trouble(watch);
    trouble.unjudged = undefined;
    const possible: Beyond[] = [];
    for (const finding of sight.findings) {
      const alert = this.#lasting.get(watch.uuid)?.get(finding.key);
      const verdict = verdictOf(watch.limit, finding, isWhole(watch.limit, sight, alert));
      if (alert !== undefined) this.#goOn(alert, verdict, finding, sight);
      else if (verdict === "yes") this.#begin(watch, finding, sight);
      else if (verdict === "open" && mayBeBeyond(watch.limit, finding))
        possible.push(this.#beyond(watch, finding));
    }
    this.#possible.set(watch.uuid, possible.slice(0, mostPossible));
    trouble.unjudged ??= gapsOf(watch.limit, sight);
  }

  /** A watch could not be judged: nothing ends, and nothing that lasts is certain. */
  miss(watch: Watch, problem: string): void {
    this.#trouble(watch).unjudged = problem;
    this.#possible.delete(watch.uuid);
    for (const alert of this.#lasting.get(watch.uuid)?.values() ?? []) {
      alert.certain = false;
      alert.complete = false;
    }
  }

  /** Whether alerts of a watch could be sent. */
  sent(watch: Watch, problem: string | undefined): void {
    const trouble = this.#troubles.get(watch.uuid);
    if (trouble !== undefined) trouble.unsent = problem;
  }

  /** The newest first. */
  list(): readonly Alert[] {
    const lasting = [...this.#lasting.values()].flatMap((alerts) => [...alerts.values()]);
    return [...lasting, ...this.#ended].map((alert) => this.#told(alert)).sort(newestFirst);
  }

  possible(): readonly Beyond[] {
    return [...this.#possible.values()].flat();
  }

  problems(): readonly WatchProblem[] {
    const host = this.#name();
    return [...this.#troubles].flatMap(([watch, { unjudged, unsent }]) =>
      [unjudged, unsent].flatMap((problem) => (problem === undefined ? [] : [{ watch, host, problem }])),
    );
  }

  #begin(watch: Watch, finding: Finding, { at, hosts, missing, isCovered }: Sight): void {
    const alerts = this.#lasting.get(watch.uuid) ?? new Map<string, Lasting>();
    if (alerts.size >= mostLasting) {
      this.#trouble(watch).unjudged =
        `more than ${mostLasting} keys are beyond the limit: the others are not told`;
      return;
    }
    const complete = isCovered && missing.length === 0;
    const alert = { watch, since: at, peak: finding, certain: true, complete, hosts };
    this.#lasting.set(watch.uuid, alerts.set(finding.key, alert));
    this.#onAlert(watch, this.#told(alert));
  }

  #goOn(alert: Lasting, verdict: Verdict, finding: Finding, sight: Sight): void {
    alert.certain = verdict !== "open";
    alert.complete = sight.isCovered && sight.missing.length === 0;
    if (verdict === "no") this.#end(alert, sight.at);
    if (verdict !== "yes") return;
    alert.hosts = sight.hosts;
    if (isFarther(alert.watch.limit, finding, alert.peak)) alert.peak = finding;
  }

  #end(alert: Lasting, until: number): void {
    const ended = { ...alert, until };
    this.#lasting.get(alert.watch.uuid)?.delete(alert.peak.key);
    this.#ended = [...this.#ended, ended].slice(-mostEnded);
    this.#onAlert(alert.watch, this.#told(ended));
  }

  #told(alert: Lasting | Ended): Alert {
    const { watch, peak, certain, complete, since } = alert;
    const end = "until" in alert ? { until: alert.until } : {};
    return { ...this.#beyond(watch, peak), certain, complete, since, ...end };
  }

  #beyond({ uuid, scope }: Watch, { key, value, lower, upper }: Finding): Beyond {
    const who = scope === "host" ? { host: this.#name() } : { agent: this.#name() };
    const counts = { value: toCount(value), lower: toCount(lower), upper: toCount(upper) };
    return { watch: uuid, ...who, key, ...counts };
  }

  #trouble({ uuid }: Watch): Trouble {
    const known = this.#troubles.get(uuid) ?? {};
    this.#troubles.set(uuid, known);
    return known;
  }
}

// Until it is judged here, it may have ended.
function adopted({ key, value, lower, upper, since }: Alert): Omit<Lasting, "watch"> {
  const peak = { key, value: BigInt(value), lower: BigInt(lower), upper: BigInt(upper) };
  return { since, peak, certain: false, complete: false, hosts: undefined };
}

/** By its beginning; of one beginning, by its key. */
export const newestFirst = (a: Alert, b: Alert): number =>
  a.since === b.since ? (a.key < b.key ? -1 : 1) : b.since - a.since;

// What a host that is missing counts is unknown. It cannot have made an alert end when it was not in it.
function isWhole(limit: Limit, { isCovered, missing }: Sight, alert: Lasting | undefined): boolean {
  if (!isCovered) return false;
  if ("below" in limit) return missing.length === 0;
  return alert === undefined || !missing.some((host) => alert.hosts?.has(host) ?? true);
}

/** By its bounds, whatever is missing. */
const mayBeBeyond = (limit: Limit, { lower, upper }: Interval): boolean =>
  "above" in limit ? upper > BigInt(limit.above) : lower < BigInt(limit.below);

/** Why too little was seen to judge all of it; counts above a limit are certain all the same. */
function gapsOf(limit: Limit, { missing, isCovered }: Sight): string | undefined {
  if (!isCovered) return "not all of the window was counted: nothing ends meanwhile";
  if (missing.length === 0 || "above" in limit) return undefined;
  return `${missing.length} hosts are missing: what they counted may be what is wanted`;
}
