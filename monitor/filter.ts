// From the words of `config sketch` to the filter that the tap understands; the only place that converts.

import { parsePrefix, protoNumber, TallyError } from "../controller-client/messages/index.js";
import type { Filter } from "../native/index.js";
import type { SketchFilter } from "./protocol.js";

/** Throws `bad_request` with the field: an address that is none, two IP versions, a device that does not exist. */
export function toFilter(fields: SketchFilter, deviceExists: (name: string) => boolean): Filter {
  checkAddresses(fields);
  if (fields.device !== undefined && !deviceExists(fields.device)) {
    throw new TallyError("bad_request", `no network device "${fields.device}" on this host`, {
      field: "device",
    });
  }
  const { interface: direction, proto, ...rest } = fields;
  const filter: Filter = { direction: direction === "INPUT" ? "input" : "output", ...rest };
  return proto === undefined ? filter : { ...filter, proto: protoNumber(proto) };
}

/** True when both count the same packets. */
export function sameFilter(a: SketchFilter, b: SketchFilter): boolean {
  const names = ["interface", "proto", "src", "dst", "sport", "dport", "device"] as const;
  return names.every((name) => a[name] === b[name]);
}

function checkAddresses({ src, dst }: SketchFilter): void {
  const source = src === undefined ? undefined : parsePrefix(src, "src").family;
  const destination = dst === undefined ? undefined : parsePrefix(dst, "dst").family;
  if (source !== undefined && destination !== undefined && source !== destination) {
    throw new TallyError("bad_request", "src and dst must be of one IP version", { field: "dst" });
  }
}
