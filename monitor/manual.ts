// The manual page of tallytree-monitor, as --help prints it.

import type { Command, Option } from "commander";

const description = `NAME
  tallytree-monitor - counts this host's packets for its agent

SYNOPSIS
  tallytree-monitor [OPTION]...

DESCRIPTION
  Reads the packets of this host (of its network namespace) and keeps the counters that
  tallytree-agent asks for. It is the one privileged program of the system: it has no
  network port and takes requests only at a unix socket, from root and from the members
  of one group. It logs to standard error.

  About once a second it keeps a checkpoint, from which the next monitor goes on: after a
  restart all counts are there, and the time between is told as a gap.

  The packet tap reads copies of packets. It needs CAP_NET_RAW and delays nobody.
  With --netns it reads other network namespaces too, also as they come and go; that needs
  CAP_SYS_ADMIN.
  The pcap tap does the same by libpcap, one device or all, with any filter of its
  language; what the filter does not let through is not seen at all.
  The cap tap reads one device by the npm package cap, in a process of its own. It is for
  cross-checks: the package loses packets and does not say how many.
  The nflog tap reads copies at the firewall's place (after NAT on the way in), by rules in
  the firewall that only log. It needs CAP_NET_ADMIN.
  The nfqueue tap is inline: packets wait for the monitor's verdict, which is always to
  go on. It needs CAP_NET_ADMIN and puts rules into the firewall; they are removed when
  the monitor ends, also when it is killed.
  Both have their rules in the mangle table, by iptables, or on hosts without it in a table
  of their own, by nft.
`;

const examples = `
SIGNALS
  SIGTERM, SIGINT   keep a last checkpoint, remove the rules and the socket, and exit with 0

EXIT STATUS
  0   ended by a signal
  1   did not start; one sentence on standard error says why

EXAMPLES
  tallytree-monitor
  tallytree-monitor --tap nfqueue --memory 1024
  tallytree-monitor --state /var/lib/tallytree/monitor
  tallytree-monitor --tap pcap --filter "tcp port 80 and net 10.0.0.0/8"
  tallytree-monitor --netns all
  tallytree-monitor --socket /run/tallytree/test.sock --group adm

SEE ALSO
  tallytree-agent --help, tallytree --help
`;

/** The whole page; the options and their defaults are those of the command. */
export function manualPage({ options }: Command): string {
  const help = { flags: "--help", description: "print this page" };
  const lines = [...options, help].map((option) => `  ${option.flags}\n      ${sentence(option)}`);
  return `${description}\nOPTIONS\n${lines.join("\n")}\n${examples}`;
}

function sentence(option: Partial<Option>): string {
  const choices = option.argChoices === undefined ? "" : ` (${option.argChoices.join(", ")})`;
  const value = option.defaultValue === undefined ? "" : `; ${option.defaultValue} if not given`;
  return `${option.description}${choices}${value}`;
}
