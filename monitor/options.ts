// The options of tallytree-monitor: their defaults, their limits and the manual page that --help prints.

import { Command, InvalidArgumentError, Option } from "commander";
import { tapKinds } from "../controller-client/messages/index.js";
import type { NetnsChoice } from "../native/index.js";
import { manualPage } from "./manual.js";
import { defaultSocket, type TapKind } from "./protocol.js";

/** What the command line asks for. */
export interface Options {
  readonly socket: string;
  readonly group: string;
  /** Folder of the checkpoint; absent: beside the socket; false: none. */
  readonly state?: string | false;
  readonly tap: TapKind | "auto";
  readonly device?: string;
  readonly filter?: string;
  readonly queue: number;
  readonly agentPort: number;
  /** MiB. */
  readonly ring: number;
  /** Threads of the packet tap. */
  readonly cores: number;
  /** A UDP port that carries VXLAN, besides 4789. */
  readonly vxlanPort: number;
  /** Network namespaces to read besides the own one. */
  readonly netns?: NetnsChoice;
  /** MiB. */
  readonly memory: number;
  readonly logLevel: string;
}

/** Prints the page or a sentence and ends the process for --help and for options that are wrong. */
export function parseOptions(argv: readonly string[]): Options {
  return command().parse(argv).opts<Options>();
}

function command(): Command {
  return new Command("tallytree-monitor")
    .addOption(new Option("--socket <path>", "unix socket to listen at").default(defaultSocket))
    .addOption(
      new Option("--group <name>", "group whose members may ask (name or number)").default("nogroup"),
    )
    .addOption(
      new Option(
        "--state <folder>",
        "folder of the checkpoint from which the next monitor goes on (the socket's path with .state for .sock if not given)",
      ),
    )
    .addOption(new Option("--no-state", "keep no checkpoint: a monitor that is started anew begins at zero"))
    .addOption(
      new Option("--tap <kind>", "where packets are read").choices([...tapKinds, "auto"]).default("packet"),
    )
    .addOption(
      new Option("--device <name>", "the only device of the pcap tap (all if not given) or the cap tap"),
    )
    .addOption(
      new Option(
        "--filter <expression>",
        "packets that the pcap or cap tap reads, in libpcap's language (man pcap-filter); all if not given",
      ),
    )
    .addOption(
      number(
        "--queue <number>",
        "nfqueue number, the first of as many as cores, or nflog group",
        [0, 65535],
      ).default(8000),
    )
    .addOption(
      number("--agent-port <port>", "port of agents, left out by the nfqueue tap", [1, 65535]).default(8000),
    )
    .addOption(
      number("--ring <MiB>", "kernel memory for packets that wait in a tap that copies", [1, 4096]).default(
        16,
      ),
    )
    .addOption(
      number("--vxlan-port <port>", "UDP port that carries VXLAN, besides 4789", [1, 65535]).default(4789),
    )
    .addOption(number("--cores <number>", "threads of the packet and of the nfqueue tap", [1, 64]).default(1))
    .addOption(
      new Option(
        "--netns <names>",
        "network namespaces that the packet tap reads besides the monitor's own: names under /run/netns joined by commas, or all, also those of containers; each takes a sixteenth of --ring",
      ).argParser(netnsChoice),
    )
    .addOption(
      number("--memory <MiB>", "most that all counters together may take", [1, 1048576]).default(256),
    )
    .addOption(
      new Option("--log-level <level>", "least level of lines logged").choices(logLevels).default("info"),
    )
    .helpOption("--help", "print this page")
    .allowExcessArguments(false)
    .showHelpAfterError("(tallytree-monitor --help lists the options)")
    .configureHelp({ formatHelp: (program) => manualPage(program) });
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Names that stand in keys as they are; "own" and "none" mean something else there. */
function netnsChoice(text: string): NetnsChoice {
  if (text === "all") return text;
  const names = text.split(",");
  if (names.every((name) => /^(?!(?:own|none|all)$)[\w.:@+-]{1,64}$/.test(name))) return names;
  throw new InvalidArgumentError("Give names of letters, digits and ._:@+- joined by commas, or all.");
}

function number(flags: string, description: string, [least, most]: readonly [number, number]): Option {
  return new Option(flags, `${description} (${least} to ${most})`).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  });
}
