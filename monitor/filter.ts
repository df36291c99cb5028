// From the words of `config sketch` to the filter that the tap understands; the only place that converts.

import { parseKeyType, parsePrefix, protoNumber, TallyError } from "../controller-client/messages/index.js";
import type { Filter, NetnsChoice } from "../native/index.js";
import type { SketchFilter, TapState } from "./protocol.js";

const directions = { INPUT: "input", OUTPUT: "output", FORWARD: "forward", MIRROR: "mirror" } as const;

/** What this host has to do with a filter. */
export interface FilterPlace {
  readonly tap: TapState["kind"];
  readonly deviceExists: (name: string) => boolean;
  readonly deviceAbove: (name: string) => string;
  /** Throws in libpcap's words. `rawFrames`: of frames that begin with their IP header. */
  readonly checkCaptureFilter: (expression: string, rawFrames?: boolean) => void;
  /** The network namespaces that the tap reads besides its own; absent: none. */
  readonly netns?: NetnsChoice | undefined;
}

/**
 * Throws `bad_request` with the field: an address that is none, two IP versions, a device that does not exist, what
 * the tap cannot tell.
 */
export function toFilter(fields: SketchFilter, place: FilterPlace): Filter {
  checkAddresses(fields);
  checkTap(fields, place.tap);
  checkNetns(fields, place);
  if (fields.filter !== undefined) checkExpression(fields.filter, fields, place);
  if (fields.device !== undefined) checkDevice(fields.device, place);
  const { interface: direction, proto, filter: expression, ...rest } = fields;
  const frames = expression === undefined ? {} : { expression, rawFrames: hasRawFrames(place.tap) };
  const filter: Filter = { direction: directions[direction], ...rest, ...frames };
  return proto === undefined ? filter : { ...filter, proto: protoNumber(proto) };
}

/** True when both count the same packets. */
export function sameFilter(a: SketchFilter, b: SketchFilter): boolean {
  const names = ["interface", "proto", "src", "dst", "sport", "dport", "device", "netns", "filter"] as const;
  const flags = ["promiscuous", "inner"] as const;
  return (
    flags.every((name) => (a[name] ?? false) === (b[name] ?? false)) &&
    names.every((name) => a[name] === b[name])
  );
}

/** Each packet is counted at one device: a port's packets show up again at the device above. */
function checkDevice(device: string, { tap, deviceExists, deviceAbove }: FilterPlace): void {
  const wrong = (message: string) => new TallyError("bad_request", message, { field: "device" });
  if (device === "any") throw wrong("any is no device: leave device out, and each packet counts once");
  if (!deviceExists(device)) throw wrong(`no network device "${device}" on this host`);
  const above = tap === "packet" ? deviceAbove(device) : "";
  if (above !== "")
    throw wrong(`${device} is a port of ${above}, where its packets are counted: name ${above}`);
}

function checkTap(
  { interface: direction, device, promiscuous, inner }: SketchFilter,
  tap: FilterPlace["tap"],
): void {
  if (tap !== "packet" && (direction === "FORWARD" || direction === "MIRROR")) {
    const message = `the ${tap} tap does not tell ${direction} packets: start the monitor with --tap packet`;
    throw new TallyError("bad_request", message, { field: "interface" });
  }
  if (tap === "cap" && inner === true) {
    const message =
      "the cap tap is for cross-checks and opens no tunnels: start the monitor with --tap packet";
    throw new TallyError("bad_request", message, { field: "inner" });
  }
  if (promiscuous === true && device === undefined) {
    const message = "promiscuous needs the device to which the traffic is mirrored: name it in device";
    throw new TallyError("bad_request", message, { field: "promiscuous" });
  }
}

/** The firewall's taps see packets from their IP header on. */
const hasRawFrames = (tap: FilterPlace["tap"]): boolean => tap === "nflog" || tap === "nfqueue";

function checkExpression(expression: string, { inner }: SketchFilter, place: FilterPlace): void {
  const wrong = (message: string) => new TallyError("bad_request", message, { field: "filter" });
  if (inner === true) {
    throw wrong("filter is about the frame, with the tunnel around it: leave out filter or inner");
  }
  try {
    place.checkCaptureFilter(expression, hasRawFrames(place.tap));
  } catch (cause) {
    throw wrong(`filter ${JSON.stringify(expression)}: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function checkNetns({ netns, device }: SketchFilter, place: FilterPlace): void {
  if (netns === undefined) return;
  const wrong = (message: string, field = "netns") => new TallyError("bad_request", message, { field });
  const known = place.tap === "packet" ? place.netns : undefined;
  if (known === undefined) {
    throw wrong("the monitor taps its own network namespace only: start it with --tap packet --netns");
  }
  if (known !== "all" && netns !== "all" && !known.includes(netns)) {
    throw wrong(`the monitor does not tap network namespace "${netns}" (but ${known.join(", ")})`);
  }
  if (device !== undefined) {
    throw wrong(
      "a device is one of the monitor's own network namespace: leave out device or netns",
      "device",
    );
  }
}

/** Throws `bad_request` for parts of a key that the sketch's packets never have. */
export function checkKeyType(
  keyType: string,
  { inner = false }: SketchFilter,
  tap: FilterPlace["tap"],
): void {
  const parts = parseKeyType(keyType).map(({ name }) => name);
  const label = parts.find((name) => name === "netns" || name === "container");
  if (tap === "file" && label !== undefined) {
    const message = `a capture file does not tell the ${label} of a packet: leave that part out`;
    throw new TallyError("bad_request", message, { field: "counter_key_type" });
  }
  const part = parts.find((name) => name === "vni" || name === "gre_key");
  if (part === undefined || inner) return;
  const message = `${part} is known of packets inside tunnels only: make the sketch with inner: true`;
  throw new TallyError("bad_request", message, { field: "counter_key_type" });
}

function checkAddresses({ src, dst }: SketchFilter): void {
  const source = src === undefined ? undefined : parsePrefix(src, "src").family;
  const destination = dst === undefined ? undefined : parsePrefix(dst, "dst").family;
  if (source !== undefined && destination !== undefined && source !== destination) {
    throw new TallyError("bad_request", "src and dst must be of one IP version", { field: "dst" });
  }
}
