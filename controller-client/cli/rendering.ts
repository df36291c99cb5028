// Answers as text: JSON, or columns for eyes.

import type {
  AlertsDetail,
  Answer,
  ChangeDetail,
  Count,
  Coverage,
  DistributionDetail,
  KeyDetail,
  KeyedCounts,
  KeyedDetail,
  Loss,
  NamedAlert,
  RequestType,
  SizesAnswer,
  SizesDetail,
  SpreadDetail,
} from "../messages/index.js";
import { renderAlerts } from "./alerts-rendering.js";
import { cell, type Row, renderColumns } from "./columns.js";

/** The answer as JSON with a line end. */
export const renderJson = (answer: Answer): string => `${JSON.stringify(answer, null, 2)}\n`;

/** Counts by key (the largest first), lists and objects as columns; coverage and loss of a detailed answer below. */
export function renderTable(type: RequestType, answer: Answer): string {
  if (typeof answer !== "object") return `${answer}\n`;
  if (type === "query alerts") return alertsTable(answer as readonly NamedAlert[] | AlertsDetail);
  if (Array.isArray(answer)) return `${renderList(type, answer)}\n`;
  if (type === "query change") return changeTable(answer as KeyedCounts | ChangeDetail);
  const body = renderBody(type, answer);
  return `${[body, ...evidenceOf(answer)].join("\n")}\n`;
}

const alertsTable = (answer: readonly NamedAlert[] | AlertsDetail): string =>
  `${[renderAlerts(answer), ...evidenceOf(answer)].join("\n")}\n`;

function renderBody(type: RequestType, answer: object): string {
  if (keyedTypes.has(type)) return renderKeyed(answer as KeyedCounts | Bounds);
  if (type === "query sizes") return renderSizes(answer as SizesAnswer | SizesDetail);
  return type === "query distribution" ? renderFlows(answer as DistributionDetail) : renderObject(answer);
}

/** The buckets, and below them all that is told of their packets together. */
function renderSizes(answer: SizesAnswer | SizesDetail): string {
  const { buckets, packets, bytes, mean, ...ranks } = "value" in answer ? answer.value : answer;
  const columns = renderColumns(
    ["FROM", "TO", "PACKETS"],
    buckets.map((row) => row.map(cell)),
  );
  const bounds: SizesDetail["quantiles"] | object = "value" in answer ? answer.quantiles : {};
  const sizes = Object.entries(ranks).map(([name, size]) => {
    const { lower, upper } = (bounds as Partial<Record<string, { lower: Count; upper: Count }>>)[name] ?? {};
    return `${name} ${size}${lower === upper ? "" : ` (${lower} to ${upper})`}`;
  });
  return `${columns}\n\npackets: ${packets}, bytes: ${bytes}, mean ${mean.toFixed(1)}, ${sizes.join(", ")}`;
}

function renderFlows({ classes, flows, certain, estimated }: DistributionDetail): string {
  const rows = classes.map((one) => [one.from, one.to, one.flows, one.exact].map(cell));
  const columns = renderColumns(["FROM", "TO", "FLOWS", "CERTAIN"], rows);
  return `${columns}\n\nflows: ${flows}, ${certain} certainly of their size, ${estimated} estimated`;
}

const keyedTypes: ReadonlySet<RequestType> = new Set([
  "query heavy hitters",
  "query real time counter",
  "query top",
  "query spread",
]);

type Bounds = KeyedDetail | SpreadDetail;

function renderKeyed(answer: KeyedCounts | Bounds): string {
  return isDetail(answer) ? renderBounds(answer) : renderColumns(["KEY", "COUNT"], byCount(answer));
}

const isDetail = (answer: KeyedCounts | Bounds): answer is Bounds => typeof answer.keys === "object";

function renderBounds(answer: Bounds): string {
  // Only `keys` has those that may lie below the threshold.
  const known: readonly (readonly [string, KeyDetail])[] = Object.entries(answer.keys);
  const counts = Object.fromEntries(known.map(([key, { lower }]) => [key, lower]));
  const rows = byCount({ ...counts, ...answer.value }).map(([key, count]) => {
    const bounds = answer.keys[key];
    return [key, count, cell(bounds?.lower), cell(bounds?.upper), bounds?.certain === false ? "no" : "yes"];
  });
  return renderColumns(["KEY", answer.unit.toUpperCase(), "AT LEAST", "AT MOST", "CERTAIN"], rows);
}

/** The largest change first, whichever way it went. */
function changeTable(answer: KeyedCounts | ChangeDetail): string {
  const changes = isChange(answer) ? answer.value : answer;
  const keys = isChange(answer) ? answer.keys : {};
  const sorted = Object.entries(changes).sort(([, a], [, b]) => Math.abs(Number(b)) - Math.abs(Number(a)));
  if (!isChange(answer))
    return `${renderColumns(
      ["KEY", "CHANGE"],
      sorted.map((row) => row.map(cell)),
    )}\n`;
  const rows = sorted.map(([key, change]) => {
    const { lower, upper, certain } = keys[key] ?? {};
    return [key, cell(change), cell(lower), cell(upper), certain === true ? "yes" : "no"];
  });
  const header = ["KEY", answer.unit.toUpperCase(), "AT LEAST", "AT MOST", "CERTAIN"];
  return `${[renderColumns(header, rows), ...evidenceOf(answer)].join("\n")}\n`;
}

const isChange = (answer: KeyedCounts | ChangeDetail): answer is ChangeDetail =>
  typeof answer.keys === "object";

function byCount(counts: KeyedCounts): readonly (readonly [key: string, count: string])[] {
  const entries = Object.entries(counts).sort(([, a], [, b]) => Number(b) - Number(a));
  return entries.map(([key, count]) => [key, String(count)]);
}

function renderObject(answer: object): string {
  const {
    coverage: _,
    loss: __,
    ...shown
  } = answer as { readonly coverage?: Coverage; readonly loss?: Loss };
  return renderColumns([], flatten(shown, ""));
}

/** A row for each value, however deep: "monitor.loss.seen:" and 12. */
function flatten(value: unknown, path: string): readonly Row[] {
  if (!isRecord(value) || Array.isArray(value)) return [[`${path}:`, cell(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(inner, path === "" ? name : `${path}.${name}`),
  );
}

function renderList(type: RequestType, items: readonly unknown[]): string {
  if (items.length === 0) return "none";
  if (type === "query counter") return renderColumns(["PACKETS", "BYTES"], [items.map(cell)]);
  if (type === "query distribution") {
    return renderColumns(
      ["FROM", "TO", "FLOWS"],
      items.map((item) => (item as readonly unknown[]).map(cell)),
    );
  }
  if (!items.every(isRecord)) return items.map(cell).join("\n");
  const names = [...new Set(items.flatMap(Object.keys))];
  const header = names.map((name) => name.toUpperCase().replaceAll("_", " "));
  return renderColumns(
    header,
    items.map((item) => names.map((name) => cell(item[name]))),
  );
}

const isRecord = (item: unknown): item is Readonly<Record<string, unknown>> =>
  typeof item === "object" && item !== null;

function evidenceOf(answer: object): readonly string[] {
  const { coverage, loss } = answer as { readonly coverage?: Coverage; readonly loss?: Loss };
  return [...(coverage ? ["", ...coverageLines(coverage)] : []), ...(loss ? lossLines(loss) : [])];
}

function coverageLines(coverage: Coverage): readonly string[] {
  const count = `coverage: ${coverage.answered.length} of ${coverage.expected} hosts answered`;
  const missing = coverage.missing.map(({ host, reason, message, last_seen }) => {
    const seen = last_seen === undefined ? "" : `, last seen ${last_seen}`;
    return `  missing ${host}: ${reason}${message === undefined ? "" : ` (${message})`}${seen}`;
  });
  const off = (coverage.clock_off ?? []).map(
    ({ host, ms, error_ms }) => `  clock of ${host} is off by ${ms} ms (give or take ${error_ms})`,
  );
  const behind = (coverage.revision_behind ?? []).map(
    ({ host, revisions }) =>
      `  configuration of ${host} is behind${revisions === undefined ? "" : ` by up to ${revisions} changes`}`,
  );
  return [count, ...missing, ...off, ...behind];
}

function lossLines(loss: Loss): readonly string[] {
  const time = (seconds: number) => new Date(1000 * seconds).toISOString();
  const gaps = loss.gaps.map(({ host, from, to, reason, netns }) => {
    const end = to === undefined ? "now" : time(to);
    return `  not counted at ${host}${netns === undefined ? "" : ` in ${netns}`} from ${time(from)} to ${end}: ${reason}`;
  });
  return [packetsLine(loss), ...gaps];
}

function packetsLine(loss: Loss): string {
  const causes = Object.entries(loss.lost).filter(([, count]) => count > 0);
  const lost =
    causes.length === 0 ? "none lost" : `lost: ${causes.map(([cause, n]) => `${n} by ${cause}`).join(", ")}`;
  const reasons = Object.entries(loss.unparsed).filter(([, count]) => count > 0);
  const unparsed =
    reasons.length === 0 ? "" : `, unparsed: ${reasons.map(([reason, n]) => `${n} ${reason}`).join(", ")}`;
  const captured = `${loss.seen} seen, ${loss.counted} counted, ${loss.filtered} filtered, ${lost}${unparsed}`;
  return `packets as captured: ${captured}; ${loss.unkeyed} on the wire without such a key`;
}
