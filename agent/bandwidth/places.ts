// Which agent stands at an address: this one, one below, or one that answers there at the usual port.

import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { type AgentAddress, parseAgentAddress, TallyError } from "../../controller-client/messages/index.js";

/** True when the address is one of this host's. All of 127.0.0.0/8 is, as far as the loopback device has it. */
export function isLocal(address: string): boolean {
  const own = new BlockList();
  const addresses = Object.values(networkInterfaces()).flatMap((device) => device ?? []);
  for (const { address: text, family, cidr, internal } of addresses) {
    const type = family === "IPv4" ? "ipv4" : "ipv6";
    if (internal && cidr !== null) own.addSubnet(text, Number(cidr.split("/")[1]), type);
    else own.addAddress(text, type);
  }
  return own.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** The first of the named agents that is at an address. Names that are no addresses are nobody's. */
export function agentAt(address: string, names: readonly string[]): AgentAddress | undefined {
  return names.map(parsed).find((agent) => agent !== undefined && isSame(agent.host, address));
}

/** Two spellings of one address. */
export function isSame(a: string, b: string): boolean {
  if (isIP(a) === 0 || isIP(a) !== isIP(b)) return false;
  const list = new BlockList();
  const type = isIP(a) === 6 ? "ipv6" : "ipv4";
  list.addAddress(a, type);
  return list.check(b, type);
}

function parsed(name: string): AgentAddress | undefined {
  try {
    return parseAgentAddress(name);
  } catch (error) {
    if (error instanceof TallyError) return undefined;
    throw error;
  }
}
