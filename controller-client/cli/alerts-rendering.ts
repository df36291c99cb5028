// Alerts as columns: who, what, how far and how long.

import type { AlertsDetail, NamedAlert } from "../messages/index.js";
import { cell, renderColumns } from "./columns.js";

const header = ["WATCH", "LABEL", "AT", "KEY", "COUNT", "SINCE", "UNTIL", "CERTAIN"];

export function renderAlerts(answer: readonly NamedAlert[] | AlertsDetail): string {
  if (!("possible" in answer)) return alertColumns(answer);
  const { value, possible, problems } = answer;
  const maybe = possible.map(
    (one) =>
      `  possible ${one.host === undefined ? "" : "at "}${whereOf(one)}: watch ${one.watch_id}, key ${one.key}, ${one.lower} to ${one.upper}`,
  );
  const troubles = problems.map(
    ({ watch_id, host, problem }) => `  watch ${watch_id} at ${host}: ${problem}`,
  );
  return [alertColumns(value), ...maybe, ...troubles].join("\n");
}

function alertColumns(alerts: readonly NamedAlert[]): string {
  if (alerts.length === 0) return "none";
  const rows = alerts.map((alert) => {
    const { watch_id, label, key, value, since, until, certain } = alert;
    const times = [timeOf(since), until === undefined ? "lasts" : timeOf(until)];
    return [watch_id, label, whereOf(alert), key, value, ...times, certain ? "yes" : "no"].map(cell);
  });
  return renderColumns(header, rows);
}

const whereOf = ({ host, agent }: Pick<NamedAlert, "host" | "agent">): string => host ?? `below ${agent}`;

const timeOf = (seconds: number): string => new Date(1000 * seconds).toISOString().replace(".000Z", "Z");
