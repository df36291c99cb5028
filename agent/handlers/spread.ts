// `query spread`: who owns how many distinct keys (whom a source talks to, who talks to a destination), over all hosts
// asked; a key that was seen on two of them counts once.

import type { KeyedCounts, RequestOf } from "../../controller-client/messages/index.js";
import type { Agent, Handler } from "../agent.js";
import type { FanOuts } from "../algebra.js";
import { type Counting, countOver, withoutSketch } from "../counting.js";
import { type Contacts, contactsCodec } from "../payloads/contacts.js";
import { resolved } from "../windows.js";
import { type Located, ledgerKind, locate } from "./locate.js";

type Query = RequestOf<"query spread">;

const usualOwners = 20;

export const querySpread: Handler<"query spread"> = async (agent, query, call) => {
  const located = await locate(agent, query, call);
  if (!("counter" in located)) return withoutSketch(agent, located);
  return countOver(agent, call, spread(agent, query, located));
};

function spread(agent: Agent, query: Query, located: Located): Counting<Contacts> {
  const { request, sketch, counter } = located;
  const { detail, group_by: by } = query;
  const { window, request: absolute } = resolved(query, agent.now());
  const kind = ledgerKind(agent, located);
  const found = ({ ledger, spread }: Contacts) => agent.algebra.fanOuts(ledger, kind.secret, by, spread);
  return {
    request: { ...request, ...absolute } as Query,
    window,
    own: (budgetMs) => agent.own.contacts({ sketch, counter, window, detail, budgetMs }, by),
    codec: contactsCodec(kind, by),
    bare: (contacts) => bare(ownersOf(found(contacts), query)),
    detail: (contacts) => detailed(found(contacts), query, contacts.spread !== undefined),
  };
}

interface Owner {
  readonly key: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** It exceeds the threshold. */
  readonly certain: boolean;
}

/** Those that may exceed the threshold, the largest first. */
function ownersOf({ keys, values, lower, upper }: FanOuts, { threshold, k }: Query): readonly Owner[] {
  const least = threshold ?? 0;
  const bounds = (index: number) => ({ lower: lower[index] ?? 0, upper: upper[index] ?? 0 });
  const owners = keys.map((key, index): Owner => {
    const known = bounds(index);
    return { key, value: values[index] ?? 0, ...known, certain: known.lower > least };
  });
  const most = k ?? (threshold === undefined ? usualOwners : owners.length);
  return owners.filter((owner) => owner.upper > least && owner.value > 0).slice(0, most);
}

const bare = (owners: readonly Owner[]) =>
  new Map(owners.filter(({ certain }) => certain).map(({ key, value }) => [key, value]));

function detailed(found: FanOuts, query: Query, hasSpread: boolean): object {
  const owners = ownersOf(found, query);
  const value: KeyedCounts = Object.fromEntries(bare(owners));
  const keys = owners.map(({ key, ...rest }) => [key, { ...rest, exact: rest.lower === rest.upper }]);
  const order = owners.map(({ key }) => key);
  return {
    value,
    keys: Object.fromEntries(keys),
    order,
    exact: found.exact,
    basis: found.exact ? "all keys" : hasSpread ? estimated : bounded,
    unit: "keys",
  };
}

const estimated = "estimates of a spread sketch, within two standard errors";
const bounded = "the keys that the ledger still names; the counter keeps no spread by this type";
