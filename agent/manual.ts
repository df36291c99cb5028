// The manual page of tallytree-agent, as --help prints it.

import type { Command, Option } from "commander";

const description = `NAME
  tallytree-agent - answers for one host, and for the agents below it

SYNOPSIS
  tallytree-agent [OPTION]...

DESCRIPTION
  Takes messages by HTTP (POST /), asks this host's monitor and the agents below, adds up
  what they counted and answers. An answer is right for exactly the hosts it lists; who is
  missing is listed with the reason. It needs no privilege: started as root, it becomes
  another user as soon as it listens. It logs to standard error.

  GET /healthz and GET /status tell how it is. An agent learns of the agents below it by
  the message "add leaf agent", because they were started with --parent, or by a roster:
  one agent keeps it (--root), the others join through any of them (--join), each is told
  its parent and two backups, and goes to these when the parent dies. A --standby becomes
  the root when that dies.
`;

const examples = `
TRANSPORT
  Agents speak to each other by HTTP, or with --transport nats://server by way of NATS: every
  agent connects out to the servers, so it may be behind NAT. All agents of a tree need the
  same transport. An agent's address is then its --name (its own address if not given), and
  --parent and --join take such names. Controllers go on asking by HTTP, at --address and --port.

SIGNALS
  SIGTERM, SIGINT   end the running bandwidth test and the connections, leave the roster,
                    and exit with 0

EXIT STATUS
  0   ended by a signal
  1   did not start; one sentence on standard error says why

EXAMPLES
  tallytree-agent --address 10.0.0.2
  tallytree-agent --address 10.0.0.5 --parent http://10.0.0.2:8000
  tallytree-agent --name h5 --parent h2 --transport nats://10.0.0.1:4222
  tallytree-agent --address 10.0.0.2 --root --fan-out 16
  tallytree-agent --address 10.0.0.6 --join http://10.0.0.2:8000 --label rack=r1

SEE ALSO
  tallytree-monitor --help, tallytree --help
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
