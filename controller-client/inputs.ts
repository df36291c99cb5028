// What callers of the client give: a message without its type, defaults and relay fields optional.

import type { BareAnswer, DetailAnswer, Relay, Request, RequestOf, RequestType } from "./messages/index.js";

type Settable<T extends RequestType> = Omit<RequestOf<T>, "type" | "detail" | keyof Relay>;

/** The fields of a message of type T of which `Needed` must be given. */
export type Fields<T extends RequestType, Needed extends string = never> = Required<
  Pick<Settable<T>, Extract<keyof Settable<T>, Needed>>
> &
  Partial<Omit<Settable<T>, Needed>>;

/** A message that changes something. */
export type Command<T extends RequestType, Needed extends string> = (
  fields: Fields<T, Needed>,
) => Promise<BareAnswer<T>>;

/** A question: the bare answer, or with `detail: true` the one with bounds, coverage and loss. */
export interface Query<T extends RequestType, Needed extends string> {
  (fields: Fields<T, Needed> & { readonly detail: true }): Promise<DetailAnswer<T>>;
  (fields: Fields<T, Needed> & { readonly detail?: false }): Promise<BareAnswer<T>>;
}

/** A question that needs no fields. */
export interface OpenQuery<T extends RequestType> {
  (fields: Fields<T> & { readonly detail: true }): Promise<DetailAnswer<T>>;
  (fields?: Fields<T> & { readonly detail?: false }): Promise<BareAnswer<T>>;
}

type Loose<R> = R extends Request ? { readonly type: R["type"] } & Partial<Omit<R, "type">> : never;

/** Any message, before defaults are filled in. A checked Request is one too. */
export type RequestInput<T extends RequestType = RequestType> = Loose<RequestOf<T>>;
