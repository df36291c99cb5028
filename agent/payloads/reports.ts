// What each host of a subtree says of its configuration, as 'query roster' gathers it.

import { type Codec, noLoss, type OwnPart } from "../../overlay/index.js";
import type { Agent } from "../agent.js";

export interface HostReport {
  readonly host: string;
  /** Of the configuration that it has taken. */
  readonly observed_revision: number;
  /** Sketches that it cannot run, by uuid, and why. */
  readonly refused?: Readonly<Record<string, string>>;
}

export const reportsCodec: Codec<readonly HostReport[]> = {
  mostBytes: 2 ** 24,
  write: (payload) => ({ fields: { reports: payload } }),
  read: ({ reports: told }) => {
    if (!Array.isArray(told) || told.length > mostReports || !told.every(isReport))
      throw new Error("its reports are malformed");
    return told;
  },
  merge: (parts) => parts.flat(),
};

const mostReports = 65_536;

function isReport(value: unknown): value is HostReport {
  const {
    host,
    observed_revision,
    refused = {},
  } = (value ?? {}) as Partial<Record<keyof HostReport, unknown>>;
  const isText = (text: unknown) => typeof text === "string" && text.length <= longestText;
  const isRecord = typeof refused === "object" && refused !== null && Object.values(refused).every(isText);
  return isText(host) && Number.isSafeInteger(observed_revision) && isRecord;
}

const longestText = 500;

export function ownReport({ name, book, wanted, membership }: Agent): OwnPart<readonly HostReport[]> {
  const refused = book
    .list()
    .flatMap(({ uuid, problem }) => (problem === undefined ? [] : [[uuid, problem]]));
  const trouble = refused.length === 0 ? {} : { refused: Object.fromEntries(refused) };
  const observed_revision = membership.role === "root" ? wanted.summary.revision : wanted.observed;
  return { payload: [{ host: name, observed_revision, ...trouble }], loss: noLoss };
}
