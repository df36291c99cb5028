// Key types: which parts of a packet make the key of a counter, as in "src", "src_dst" or "src/24_dport".

import { parseBits } from "./addresses.js";
import { TallyError } from "./errors.js";
import { nearest, quote } from "./wording.js";

export const keyParts = [
  "src",
  "dst",
  "sport",
  "dport",
  "proto",
  "vlan",
  "vni",
  "gre_key",
  "netns",
  "container",
] as const;

export type KeyPartName = (typeof keyParts)[number];

export interface KeyPart {
  readonly name: KeyPartName;
  /** Leading bits that count, for src and dst; absent: the whole address. */
  readonly prefix?: number;
}

/**
 * The parts of a key type in their order; the text of a key has as many parts, joined by ",".
 * Throws bad_request naming `field` for unknown or repeated parts and bad prefixes.
 */
export function parseKeyType(text: string, field = "counter_key_type"): readonly KeyPart[] {
  const parts = splitParts(text).map((part) => parsePart(part, text, field));
  const names = parts.map((part) => part.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badKeyType(text, field, `${twice} may appear only once`);
  return parts;
}

/** Throws bad_request naming `field` unless keys of type `text` follow from keys of type `counted`. */
export function checkCoarser(text: string, counted: string, field = "group_by"): void {
  const present = parseKeyType(counted);
  for (const { name, prefix = 128 } of parseKeyType(text, field)) {
    const source = present.find((part) => part.name === name);
    const advice = `the counter counts by ${counted}; give some of its parts, prefixes not longer`;
    if (source === undefined || (source.prefix ?? 128) < prefix) throw badKeyType(text, field, advice);
  }
}

/** gre_key is one part, not two. */
const splitParts = (text: string): readonly string[] => text.split(/(?<!(?:^|_)gre)_|_(?!key(?:_|$))/);

/** As checkCoarser; and each key of type `text` must be able to own several of type `counted`. */
export function checkOwners(text: string, counted: string, field: string): void {
  checkCoarser(text, counted, field);
  const told = (type: string) => parseKeyType(type).map(({ name, prefix = 128 }) => `${name}/${prefix}`);
  const owned = new Set(told(counted));
  for (const part of told(text)) owned.delete(part);
  if (owned.size === 0)
    throw badKeyType(text, field, `a key of it owns one ${counted} only: leave out a part`);
}

const mostOwners = 4;

/** The key types of a list such as "src,dst". Throws bad_request naming `field` unless each owns keys of type `counted`. */
export function parseOwners(text: string, counted: string, field = "spread"): readonly string[] {
  const owners = text.split(",");
  for (const owner of owners) checkOwners(owner, counted, field);
  if (owners.length > mostOwners || new Set(owners).size < owners.length) {
    throw badKeyType(text, field, `give at most ${mostOwners} different key types`);
  }
  return owners;
}

function parsePart(part: string, text: string, field: string): KeyPart {
  const [name = "", prefix, ...rest] = part.split("/");
  if (!isPartName(name) || rest.length > 0) throw badKeyType(text, field, unknownPart(name));
  if (prefix === undefined) return { name };
  if (name !== "src" && name !== "dst") throw badKeyType(text, field, `only src and dst take a prefix`);
  const bits = parseBits(prefix, 128);
  if (bits === undefined || bits === 0) throw badKeyType(text, field, "a prefix is a number from 1 to 128");
  return { name, prefix: bits };
}

const isPartName = (text: string): text is KeyPartName => keyParts.some((name) => name === text);

function unknownPart(name: string): string {
  const meant = nearest(name, keyParts);
  const hint = meant === undefined ? "" : `; ${quote(name.slice(0, 20))} may be meant as ${meant}`;
  return `join parts of ${keyParts.join(", ")} by "_", as in src_dport or src/24${hint}`;
}

const badKeyType = (text: string, field: string, advice: string): TallyError =>
  new TallyError("bad_request", `${field} is ${quote(text)}: ${advice}`, { field });
