// From the command line and what was kept on disk to an agent's part in a roster.

import { randomUUID } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import { type AgentAddress, parseAgentAddress } from "../controller-client/messages/index.js";
import { type Kept, labelsOf, recordIn } from "../overlay/index.js";
import type { AgentOptions } from "./options.js";
import type { Account } from "./privileges.js";
import { logRoster, type RosterWish } from "./roster-part.js";
import { makeStateFolder, StateFile } from "./state-file.js";
import type { KeptConfiguration } from "./wanted-set.js";

export interface RosterOptions {
  readonly options: AgentOptions;
  readonly address: AgentAddress;
  readonly account: Account | undefined;
  readonly log: FastifyBaseLogger;
}

/** Its name, and what it wants of a roster. Throws StartError for a state directory that cannot be used. */
export function rosterOptions({ options, address, account, log }: RosterOptions): Chosen {
  const { root, join, fanOut, label = [], state, name } = options;
  if (!root && join === undefined) return name === undefined ? {} : { name };
  makeStateFolder(state, account);
  const file = new StateFile(state, `agent-${address.name}-roster`);
  const kept = keptIn(file.load());
  const begin = root ? { begin: { id: randomUUID(), fanOut } } : {};
  const wish: RosterWish = {
    // A root that another one has replaced stands by for that one.
    standby: options.standby ?? root ?? false,
    ...{ kept, ...begin },
    seeds: join === undefined ? [] : [...join, ...lastRoot(kept)],
    labels: labelsOf(label),
    keep: (value) => file.save(value),
    configuration: configurationIn(new StateFile(state, `agent-${address.name}-configuration`)),
    onEvent: logRoster(log),
  };
  const chosen = name ?? kept.name;
  return { wish, ...(chosen === undefined ? {} : { name: chosen }) };
}

function configurationIn(file: StateFile): RosterWish["configuration"] {
  const kept = file.load() as KeptConfiguration | undefined;
  return { keep: (value) => file.save(value), ...(kept === undefined ? {} : { kept }) };
}

interface Chosen {
  readonly wish?: RosterWish;
  readonly name?: string;
}

// The checksum was right: what is in the file was written by an agent, perhaps of another version.
function keptIn(value: unknown): Kept {
  const kept = (value ?? {}) as Kept;
  return kept.reign === undefined ? kept : { ...kept, reign: recordIn(kept.reign) };
}

/** Where a member was last told that the root is, besides where it is told to join now. */
const lastRoot = ({ follows }: Kept): readonly AgentAddress[] =>
  follows === undefined ? [] : [parseAgentAddress(follows.root.agent_addr)];
