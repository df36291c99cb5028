// IP protocol names and numbers (IANA "Assigned Internet Protocol Numbers").

/** Protocols that messages may name; all others go by number. */
export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export type ProtocolName = keyof typeof protocolNumbers;

const sctp = 132;

/** The IP protocol number, 0 to 255, of a `proto` field. */
export const protoNumber = (proto: ProtocolName | number): number =>
  typeof proto === "number" ? proto : protocolNumbers[proto];

/** True for the protocols whose ports are counted: tcp, udp and sctp. */
export const hasPorts = (proto: ProtocolName | number): boolean =>
  [protocolNumbers.tcp, protocolNumbers.udp, sctp].includes(protoNumber(proto));
