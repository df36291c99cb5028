// Capture files made in memory: IPv4 packets in the classic pcap form (raw IP, microseconds).

export interface Datagram {
  readonly src: string;
  readonly dst: string;
  /** 1 ICMP, 6 TCP, 17 UDP. */
  readonly proto: number;
  readonly sport?: number;
  readonly dport?: number;
  /** IP total length in bytes, at least 28. */
  readonly length?: number;
  /** Seconds since 1970. */
  readonly time?: number;
}

const linkTypeRawIp = 101;

export function captureBytes(datagrams: readonly Datagram[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65535, 16);
  header.writeUInt32LE(linkTypeRawIp, 20);
  return Buffer.concat([header, ...datagrams.flatMap(record)]);
}

function record(datagram: Datagram): Buffer[] {
  const packet = ipv4(datagram);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(Math.floor(datagram.time ?? 1_700_000_000), 0);
  header.writeUInt32LE(packet.length, 8);
  header.writeUInt32LE(packet.length, 12);
  return [header, packet];
}

function ipv4({ src, dst, proto, sport = 0, dport = 0, length = 84 }: Datagram): Buffer {
  const packet = Buffer.alloc(length);
  packet[0] = 0x45;
  packet.writeUInt16BE(length, 2);
  packet[8] = 64;
  packet[9] = proto;
  packet.set(src.split(".").map(Number), 12);
  packet.set(dst.split(".").map(Number), 16);
  packet.writeUInt16BE(sport, 20);
  packet.writeUInt16BE(dport, 22);
  if (proto === 6) packet[32] = 0x50;
  if (proto === 17) packet.writeUInt16BE(length - 20, 24);
  return packet;
}
