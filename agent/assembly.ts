// Makes the parts of one agent and connects them.

import type { AgentAddress } from "../controller-client/messages/index.js";
import type { Monitor } from "../monitor/client.js";
import { AgentLinks, type Ask, Tree } from "../overlay/index.js";
import type { Agent } from "./agent.js";
import { type Algebra, nativeAlgebra } from "./algebra.js";
import { Bandwidth } from "./bandwidth/bandwidth.js";
import { Iperf } from "./bandwidth/iperf.js";
import { OwnHost } from "./own-host.js";
import { SketchBook } from "./sketch-book.js";
import { Upkeep } from "./upkeep.js";

export interface AssemblyOptions {
  readonly version: string;
  readonly address: AgentAddress;
  readonly monitor: Monitor;
  /** Default: its address and port. */
  readonly name?: string;
  readonly parent?: AgentAddress;
  readonly links?: AgentLinks;
  /** Default: HTTP. */
  readonly ask?: Ask;
  readonly algebra?: Algebra;
  readonly now?: () => number;
  /** Told how many sketches count from zero again because the monitor was restarted. */
  readonly onRestart?: (sketches: number) => void;
}

export function assemble(options: AssemblyOptions): Agent {
  const { version, address, monitor, parent, name = address.name } = options;
  const { links = new AgentLinks(), algebra = nativeAlgebra, now = Date.now, onRestart } = options;
  const book = new SketchBook();
  const upkeep = new Upkeep({ monitor, book, now, ...(onRestart === undefined ? {} : { onRestart }) });
  const ask = options.ask ?? links.ask;
  const tree = new Tree({ name, address, ask, wanted: () => book.wanted(), now });
  const own = new OwnHost({ monitor, algebra, now });
  const bandwidth = new Bandwidth(new Iperf());
  const parts = { monitor, algebra, book, own, upkeep, tree, links, bandwidth, now };
  return {
    name,
    version,
    address,
    startedAt: now(),
    ...parts,
    ...(parent === undefined ? {} : { parent: parent.name }),
  };
}
