// Makes the parts of one agent and connects them.

import type { AgentAddress } from "../controller-client/messages/index.js";
import type { Monitor } from "../monitor/client.js";
import { AgentLinks, type Ask, systemTime, type Time, Tree } from "../overlay/index.js";
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
  /** Default: this host's clocks. */
  readonly time?: Time;
  /** Told how many sketches count from zero again because the monitor was restarted. */
  readonly onRestart?: (sketches: number) => void;
}

export function assemble(options: AssemblyOptions): Agent {
  const { version, address, monitor, parent, name = address.name } = options;
  const { links = new AgentLinks(), algebra = nativeAlgebra, time = systemTime, onRestart } = options;
  const { now } = time;
  const book = new SketchBook();
  const upkeep = new Upkeep({ monitor, book, now, ...(onRestart === undefined ? {} : { onRestart }) });
  const ask = options.ask ?? links.ask;
  const tree = new Tree({ name, address, ask, wanted: () => book.wanted(), time });
  const own = new OwnHost({ monitor, algebra, now });
  const bandwidth = new Bandwidth(new Iperf());
  const parts = { monitor, algebra, book, own, upkeep, tree, links, bandwidth, time, now };
  return {
    name,
    version,
    address,
    startedAt: now(),
    ...parts,
    ...(parent === undefined ? {} : { parent: parent.name }),
  };
}
