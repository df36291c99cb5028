// What a capture file counted to, as text: columns below a line about the file, or JSON.

import type { Answer, ReplayOrder, ReplayResult } from "../messages/index.js";
import { bytesText } from "./progress-line.js";
import { renderTable } from "./rendering.js";

/** A line about the file, then one table a question. */
export function renderReplay(order: ReplayOrder, result: ReplayResult): string {
  const tables = order.ask.map((request, index) => {
    const { counter_key_type: keyType } = request as { readonly counter_key_type?: string };
    const name = request.type.replace("query ", "");
    const title = keyType === undefined ? name : `${name} by ${keyType}`;
    return `\n${title}\n${renderTable(request.type, withoutHosts(result.answers[index]))}`;
  });
  return `${fileLine(order, result)}\n${tables.join("")}`;
}

/** The same for programs. */
export function replayJson({ path, ask }: ReplayOrder, { answers, ...result }: ReplayResult): string {
  const asked = ask.map((request, index) => {
    const { counter_key_type } = request as { readonly counter_key_type?: string };
    return { type: request.type, counter_key_type, ...withoutHosts(answers[index]) };
  });
  return `${JSON.stringify({ path, ...result, answers: asked }, null, 2)}\n`;
}

function fileLine({ path }: ReplayOrder, { from, to, packets, bytes }: ReplayResult): string {
  if (packets === 0) return `${path}: no packet that the filter lets through`;
  const seconds = to - from;
  const rate =
    seconds > 0
      ? `, ${Math.round(packets / seconds)} packets/s, ${((8 * bytes) / seconds / 1e6).toFixed(3)} Mbit/s`
      : "";
  const start = new Date(from * 1000).toISOString();
  return `${path}: ${packets} packets, ${bytesText(bytes)} of IP in ${seconds.toFixed(3)} s from ${start}${rate}`;
}

/** A file is no host: which hosts an answer covers says nothing. */
function withoutHosts(answer: unknown): Answer & object {
  const { coverage: _, ...rest } = answer as { readonly coverage?: unknown };
  return rest as Answer & object;
}
