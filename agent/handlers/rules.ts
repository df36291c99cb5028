// `config counter` and `query counter`: the exact packets and bytes of one rule, over all hosts asked.

import { createHash } from "node:crypto";
import { protoNumber, type RequestOf, TallyError } from "../../controller-client/messages/index.js";
import { type Agent, done, type Handler, isRelayed } from "../agent.js";
import type { Totals } from "../algebra.js";
import { makeSketch } from "../configuration.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { totalsCodec } from "../payloads/sums.js";
import { bareTotals, totalsDetail } from "../render.js";
import type { NewSketch, Sketch } from "../sketch.js";

type Rule = Pick<RequestOf<"query counter">, "interface" | "proto" | "src" | "dst">;

export const configCounter: Handler<"config counter"> = async (agent, request, call) => {
  const { target: _, ...message } = request;
  await makeSketch(agent, newRule(agent, message), message, call);
  return done(agent, request, `ok: counting ${ruleText(request)}`);
};

export const queryCounter: Handler<"query counter"> = async (agent, query, call) => {
  const uuid = ruleUuid(query);
  const sketch = agent.book.get(uuid);
  if (sketch !== undefined) return countOver(agent, call, ruleTotals(agent, query, sketch));
  if (isRelayed(query)) return withoutSketch(agent, { uuid });
  throw new TallyError(
    "not_found",
    `${ruleText(query)} is not counted here: send 'config counter' with it first`,
  );
};

function ruleTotals(agent: Agent, query: RequestOf<"query counter">, sketch: Sketch): Counting<Totals> {
  const { detail } = query;
  return {
    request: query,
    window: "all",
    own: (budgetMs) => agent.own.totals({ sketch, window: "all", detail, budgetMs }),
    codec: totalsCodec,
    bare: bareTotals,
    detail: totalsDetail,
  };
}

function newRule({ now, fresh }: Agent, request: RequestOf<"config counter">): NewSketch {
  const { interface: direction, proto, src, dst, secret = fresh.secret() } = request;
  const filter = {
    interface: direction,
    ...(proto === undefined ? {} : { proto }),
    ...(src === undefined ? {} : { src }),
    ...(dst === undefined ? {} : { dst }),
  };
  const inherited = isRelayed(request);
  return { uuid: ruleUuid(request), secret, filter, rule: true, inherited, since: now() / 1000 };
}

/**
 * A rule is its fields, so its name between agents follows from them: whoever configures it, wherever, it is one.
 * A UUID of version 8 (RFC 9562, section 5.8).
 */
export function ruleUuid({ interface: direction, proto, src, dst }: Rule): string {
  const fields = [direction, proto === undefined ? "" : protoNumber(proto), plain(src), plain(dst)];
  const hex = createHash("sha256")
    .update(`rule ${fields.join(" ")}`)
    .digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return [...parts, hex.slice(20, 32)].join("-");
}

/** A prefix of full length is the address itself; IPv6 letters may be of either case. */
const plain = (prefix = ""): string =>
  prefix.toLowerCase().replace(prefix.includes(":") ? /\/128$/ : /\/32$/, "");

function ruleText({ interface: direction, proto, src = "anywhere", dst = "anywhere" }: Rule): string {
  return `${direction} packets of ${proto === undefined ? "every protocol" : `protocol ${proto}`} from ${src} to ${dst}`;
}
