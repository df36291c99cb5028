// Where other agents reach this one: the address it listens on, or this host's first when it listens on all.

import { networkInterfaces } from "node:os";
import { type AgentAddress, parseAgentAddress } from "../controller-client/messages/index.js";

const wildcards = ["0.0.0.0", "::"];

export function publicAddress(address: string, port: number): AgentAddress {
  const host = wildcards.includes(address) ? (firstOutward() ?? "127.0.0.1") : address;
  return parseAgentAddress(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, "address");
}

function firstOutward(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((device) => device ?? []);
  const outward = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const best = outward.find(({ family }) => family === "IPv4") ?? outward[0];
  return best?.address;
}

/** True for addresses that only this host reaches. */
export const isLoopback = (host: string): boolean =>
  host === "::1" || host === "localhost" || /^127\./.test(host);
