// Addresses, prefixes and agents' addresses as messages carry them.

import { isIP } from "node:net";
import { TallyError } from "./errors.js";
import { quote } from "./wording.js";

export interface Prefix {
  readonly family: 4 | 6;
  readonly address: string;
  /** Length of the prefix in bits: 32 or 128 for a plain address. */
  readonly bits: number;
}

/** Where an agent listens. */
export interface AgentAddress {
  /** Host without brackets: "10.0.0.3", "fd00::3", "h3.example". */
  readonly host: string;
  readonly port: number;
  /** "10.0.0.3:8000", "[fd00::3]:8000": also the default name of an agent. */
  readonly name: string;
  readonly url: string;
}

/** The port agents listen on when nothing else is said. */
export const defaultPort = 8000;

/** One IPv4 or IPv6 literal; throws bad_request naming `field`. */
export function parseAddress(text: string, field: string): Prefix {
  const family = isIP(text);
  if (family === 0) throw badAddress(text, field, "an IPv4 or IPv6 address such as 10.0.0.5 or 2001:db8::5");
  if (text.includes("%"))
    throw badAddress(text, field, "an address without a zone; name the device in device");
  return { family: family === 4 ? 4 : 6, address: text, bits: family === 4 ? 32 : 128 };
}

/** An address or an address with a prefix length; throws bad_request naming `field`. */
export function parsePrefix(text: string, field: string): Prefix {
  const slash = text.indexOf("/");
  if (slash < 0) return parseAddress(text, field);
  const whole = parseAddress(text.slice(0, slash), field);
  const bits = parseBits(text.slice(slash + 1), whole.bits);
  if (bits === undefined)
    throw badAddress(text, field, `a prefix length from 0 to ${whole.bits} after the "/"`);
  return { ...whole, bits };
}

/** "10.0.0.3", "10.0.0.3:8000", "[fd00::3]:8000" or "http://10.0.0.3:8000"; throws bad_request. */
export function parseAgentAddress(text: string, field = "agent_addr"): AgentAddress {
  const rest = /^http:\/\/([^/?#@]*)\/?$/i.exec(text)?.[1] ?? text;
  if (/^https:/i.test(text)) throw badAddress(text, field, "an address with http: agents do not speak https");
  const { host, port } = splitPort(rest);
  if (!isHost(host) || port === undefined) {
    throw badAddress(text, field, 'an agent such as "10.0.0.3", "10.0.0.3:8000" or "http://10.0.0.3:8000"');
  }
  const name = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return { host, port, name, url: `http://${name}` };
}

/** The bits of a prefix length in plain digits, at most `most`. */
export function parseBits(text: string, most: number): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  if (isIP(text) === 6) return { host: text, port: defaultPort };
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (bracketed !== undefined && isIP(bracketed) !== 6) return { host: "", port: undefined };
  return { host: bracketed ?? plain ?? "", port: port === undefined ? defaultPort : portNumber(port) };
}

function portNumber(digits: string): number | undefined {
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? port : undefined;
}

function isHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  // What looks like an IPv4 address and is none ("10.0.0.300") must not be looked up as a name.
  return /^(?=.{1,253}$)[a-z0-9]([a-z0-9_.-]*[a-z0-9])?$/i.test(text) && !/^[\d.]+$/.test(text);
}

const badAddress = (text: string, field: string, wanted: string): TallyError =>
  new TallyError("bad_request", `${field} is ${quote(text)}: give ${wanted}`, { field });
