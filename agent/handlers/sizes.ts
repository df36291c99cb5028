// `query sizes`: how large a sketch's packets are on the wire, over all hosts asked.

import {
  type RequestOf,
  type SizesAnswer,
  TallyError,
  toCount,
} from "../../controller-client/messages/index.js";
import { type Agent, type Call, type Handler, isRelayed } from "../agent.js";
import type { SizeSummary } from "../algebra.js";
import { findSketch } from "../configuration.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { sizesCodec } from "../payloads/sizes.js";
import type { Sketch } from "../sketch.js";
import { resolved } from "../windows.js";
import { byUuid } from "./sketches.js";

type Query = RequestOf<"query sizes">;

const ranks = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;
const names = Object.keys(ranks) as (keyof typeof ranks)[];

export const querySizes: Handler<"query sizes"> = async (agent, query, call) => {
  const sketch = await locate(agent, query, call);
  if (!("filter" in sketch)) return withoutSketch(agent, sketch);
  return countOver(agent, call, sizes(agent, query, sketch));
};

/** Throws not_found for a controller; a parent is told which sketch is unknown here, to send it again. */
async function locate(agent: Agent, query: Query, call: Call): Promise<Sketch | Pick<Sketch, "uuid">> {
  try {
    const sketch = await findSketch(agent, query, call);
    if (sketch.sizes) return sketch;
    const message = `sketch ${sketch.id} keeps no packet sizes: make one with 'config sketch' and sizes: true`;
    throw new TallyError("not_found", message, { field: "sketch_id" });
  } catch (error) {
    if (isRelayed(query) && query.sketch && error instanceof TallyError) return { uuid: query.sketch };
    throw error;
  }
}

function sizes(agent: Agent, query: Query, sketch: Sketch): Counting<Uint8Array> {
  const { algebra } = agent;
  const secret = Buffer.from(sketch.secret, "hex");
  const { detail } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const summary = (encoded: Uint8Array) => algebra.sizeSummary(encoded, secret, Object.values(ranks));
  return {
    request: { ...byUuid(query, sketch.uuid), ...absolute } as Query,
    window,
    own: (budgetMs) => agent.own.sizes({ sketch, window, detail, budgetMs }),
    codec: sizesCodec({ algebra, secret }),
    bare: (encoded) => bare(summary(encoded)),
    detail: (encoded) => detailed(summary(encoded)),
  };
}

function bare({ packets, bytes, least, largest, buckets, quantiles }: SizeSummary): SizesAnswer {
  const [p50, p90, p99] = quantiles.map(({ value }) => toCount(value));
  return {
    packets: toCount(packets),
    bytes: toCount(bytes),
    mean: packets === 0n ? 0 : Number(bytes) / Number(packets),
    ...{ min: toCount(least), p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0, max: toCount(largest) },
    buckets: buckets.map(({ from, to, packets }) => [toCount(from), toCount(to), toCount(packets)]),
  };
}

function detailed(summary: SizeSummary): object {
  const bounds = summary.quantiles.map(({ value, lower, upper }) => ({
    value: toCount(value),
    lower: toCount(lower),
    upper: toCount(upper),
    exact: lower === upper,
  }));
  const quantiles = Object.fromEntries(names.map((name, index) => [name, bounds[index]]));
  return { value: bare(summary), quantiles, exact: bounds.every(({ exact }) => exact), unit: "bytes" };
}
