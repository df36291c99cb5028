#!/usr/bin/python3
"""Makes the odd captures beside it: each kind of header that bends a parser, whole and cut at every byte.

Debian's python3-scapy builds the packets, which this repository's parser has no part in. Run again after a change;
answers.py then asks tshark what is in them."""

import struct
from pathlib import Path

from scapy.config import conf
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, CookedLinux, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

folder = Path(__file__).parent
conf.checkIPaddr = False

MAC = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
A, B = "192.0.2.1", "192.0.2.2"
C, D = "198.51.100.3", "198.51.100.4"
A6, B6 = "2001:db8::1", "2001:db8::2"
C6, D6 = "2001:db8:1::3", "2001:db8:1::4"
KINDS = {"ether": 1, "raw": 101, "sll": 113}


def ether(**more):
    return Ether(**MAC, **more)


def v4(**more):
    return ether() / IP(src=A, dst=B, **more)


def v6(**more):
    return ether() / IPv6(src=A6, dst=B6, **more)


def udp(size=20, **more):
    return UDP(sport=1000, dport=2000, **more) / Raw(b"\x5a" * size)


def tcp(size=30, **more):
    return TCP(sport=1000, dport=2000, **more) / Raw(b"\x5a" * size)


def inner4(payload=None):
    return IP(src=C, dst=D) / (payload if payload is not None else tcp())


def inner6(payload=None):
    return IPv6(src=C6, dst=D6) / (payload if payload is not None else udp())


def frame(packet):
    return Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04") / packet


def vxlan(packet, vni=4242):
    return UDP(sport=5000, dport=4789) / VXLAN(vni=vni, flags="Instance") / packet


def geneve(packet, proto=0x6558, options=b""):
    # scapy's own options differ between releases: the header is put together here.
    head = struct.pack("!BBHI", len(options) // 4, 0, proto, 777 << 8)
    return UDP(sport=5000, dport=6081) / Raw(head + options + bytes(packet))


def labels(count, packet):
    stack = MPLS(label=16, s=int(count == 1), ttl=64)
    for i in range(1, count):
        stack = stack / MPLS(label=16 + i, s=int(i == count - 1), ttl=64)
    return stack / packet


def flat(packet):
    """As bytes: a length or checksum that is wrong on purpose stays so."""
    return bytes(packet)


def with_bytes(packet, at, value):
    data = bytearray(bytes(packet))
    data[at : at + len(value)] = value
    return bytes(data)


def cut(packet):
    """The packet captured up to each of its bytes."""
    data = bytes(packet)
    return [(data[:n], len(data)) for n in range(len(data) + 1)]


def extension(kind, size):
    options = b"\1" + bytes([size - 4]) + bytes(size - 4)
    return kind(options=[], autopad=0) if size == 0 else kind(autopad=1, options=[Raw(options)])


PPTP = GRE(version=1, key_present=1, proto=0x880B, key=7) / Raw(b"\xff\x03\x00\x21" + bytes(inner4()))
ALL6 = IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(addresses=[D6]) / IPv6ExtHdrDestOpt()

captures = {
    # What stands for itself
    "plain-v4": [v4() / tcp(), v4() / udp(), v4() / ICMP() / Raw(b"x" * 56), v4() / SCTP(sport=1000, dport=2000)],
    "plain-v6": [v6() / tcp(), v6() / udp(), v6() / ICMPv6EchoRequest(data=b"x" * 56)],
    "sctp-data": [v4() / SCTP(sport=1000, dport=2000) / SCTPChunkData(data=b"abc"), v6() / SCTP(sport=7, dport=9)],
    "other-protocols": [v4(proto=p) / Raw(b"\0" * 24) for p in (2, 88, 89, 103, 112, 255)],
    "ip-options": [v4(options=[("NOP")] * n) / tcp() for n in (1, 4, 5, 40)],
    "tcp-options": [v4() / tcp(options=[("MSS", 1460), ("NOP", None), ("WScale", 7)]), v4() / tcp(options=[("NOP", None)] * 40)],
    "tcp-flags": [v4() / TCP(sport=1000, dport=2000, flags=f) for f in ("S", "SA", "A", "FA", "R", "FPU", "")],
    "udp-empty": [v4() / udp(0), v6() / udp(0)],
    "padding": [flat(v4() / udp(0)) + b"\0" * 18, flat(v6() / tcp(0)) + b"\xff" * 30],
    "port-zero": [v4() / UDP(sport=0, dport=0), v4() / TCP(sport=0, dport=65535)],
    "no-ip": [ether() / ARP(), ether(type=0x88CC) / Raw(b"\0" * 40), ether(type=0x0842) / Raw(b"\xff" * 60)],
    "ieee-802.3": [Dot3(**MAC) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(b"\0" * 35), Dot3(**MAC) / LLC() / SNAP() / Raw(b"\0" * 30)],
    "checksums-wrong": [v4(chksum=1) / tcp(chksum=2), v4() / udp(chksum=3), v6() / udp(chksum=4)],
    # Fragments
    "fragments-v4": fragment(IP(src=A, dst=B, id=9) / udp(3000), 1000) and [ether() / p for p in fragment(IP(src=A, dst=B, id=9) / udp(3000), 1000)],
    "fragments-v6": [v6() / IPv6ExtHdrFragment(offset=o, m=m, id=5, nh=17) / (udp(24) if o == 0 else Raw(b"z" * 24)) for o, m in ((0, 1), (4, 1), (8, 0))],
    "fragment-short": [v4(flags="MF", proto=17) / Raw(b"\x03\xe8"), v4(flags="MF", proto=6) / Raw(b"\x03\xe8\x07\xd0")],
    "fragment-first-and-last": [v4(flags="DF") / udp(), v4(flags="MF") / udp(24), v4(frag=100, proto=17) / Raw(b"q" * 50)],
    "fragment-v6-atomic": [v6() / IPv6ExtHdrFragment(offset=0, m=0, id=5) / udp()],
    "fragment-v6-then-options": [v6() / IPv6ExtHdrFragment(offset=0, m=1, id=6, nh=60) / IPv6ExtHdrDestOpt() / udp()],
    "fragment-v6-of-options": [v6() / IPv6ExtHdrFragment(offset=2, m=0, id=6, nh=60) / Raw(b"y" * 32)],
    # Tags
    "vlan": [ether() / Dot1Q(vlan=v, prio=p) / IP(src=A, dst=B) / udp() for v, p in ((1, 0), (42, 7), (4094, 3), (0, 5))],
    "vlan-v6": [ether() / Dot1Q(vlan=6) / IPv6(src=A6, dst=B6) / tcp()],
    "vlan-no-ip": [ether() / Dot1Q(vlan=9) / ARP()],
    "qinq": [ether() / Dot1AD(vlan=100) / Dot1Q(vlan=200) / IP(src=A, dst=B) / udp(), ether() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / IPv6(src=A6, dst=B6) / tcp()],
    "three-tags": [ether() / Dot1AD(vlan=1) / Dot1AD(vlan=2) / Dot1Q(vlan=3) / IP(src=A, dst=B) / udp()],
    "four-tags": [ether() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / Dot1Q(vlan=4) / IP(src=A, dst=B) / udp()],
    "qinq-9100": [with_bytes(ether() / Dot1Q(vlan=7) / Dot1Q(vlan=8) / IP(src=A, dst=B) / udp(), 12, b"\x91\x00")],
    # Extension headers
    "v6-hop-by-hop": [v6() / IPv6ExtHdrHopByHop() / udp(), v6() / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest()],
    "v6-routing": [v6() / IPv6ExtHdrRouting(addresses=[C6, D6]) / tcp()],
    "v6-destination": [v6() / IPv6ExtHdrDestOpt() / tcp(), v6() / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / udp()],
    "v6-authentication": [v6() / AH(nh=6, payloadlen=4, icv=b"\0" * 12) / tcp()],
    "v6-all-of-them": [v6() / ALL6 / tcp(), v6() / ALL6 / IPv6ExtHdrFragment(offset=0, m=0) / AH(nh=17, payloadlen=4, icv=b"\1" * 12) / udp()],
    "v6-no-next": [v6(nh=59) / Raw(b""), v6(nh=59) / Raw(b"rest"), v6() / IPv6ExtHdrDestOpt(nh=59)],
    "v6-encrypted": [v6() / ESP(spi=1, seq=2, data=b"\0" * 40), v4() / ESP(spi=1, seq=2, data=b"\0" * 40), v4() / AH(nh=6, payloadlen=4, icv=b"\0" * 12) / tcp()],
    "v6-unknown-next": [v6(nh=n) / Raw(b"\0" * 40) for n in (99, 253, 254)],
    # Lengths
    "length-too-long": [v4(len=200) / udp(), v6(plen=200) / udp()],
    "length-too-short": [v4(len=19) / udp(), v4(len=20) / udp(), v4(len=23) / udp(), v4(len=24) / udp(), v6(plen=0, nh=59) / udp()],
    "header-too-short": [v4(ihl=4) / udp(), v4(ihl=0) / udp()],
    "header-longer-than-packet": [with_bytes(v4(len=28) / udp(0), 14, b"\x4f")],
    "version-wrong": [with_bytes(v4() / udp(), 14, b"\x55"), with_bytes(v6() / udp(), 14, b"\x40")],
    # Link layers
    "raw-ip": ("raw", [IP(src=A, dst=B) / tcp(), IPv6(src=A6, dst=B6) / udp()]),
    "cooked": ("sll", [CookedLinux(pkttype=0, proto=0x0800) / IP(src=A, dst=B) / tcp(), CookedLinux(pkttype=0, proto=0x86DD) / IPv6(src=A6, dst=B6) / udp()]),
    # Tunnels
    "vxlan": [v4() / vxlan(frame(inner4())), v4() / vxlan(frame(inner6()), 0), v6() / vxlan(frame(inner4(ICMP())), 0xFFFFFF)],
    "vxlan-tagged": [v4() / vxlan(frame(Dot1Q(vlan=33) / inner4())), v4() / vxlan(frame(Dot1AD(vlan=1) / Dot1Q(vlan=44) / inner6()))],
    "vxlan-arp": [v4() / vxlan(frame(ARP()))],
    "vxlan-behind-vlan": [ether() / Dot1Q(vlan=5) / IP(src=A, dst=B) / vxlan(frame(inner4()))],
    "geneve": [v4() / geneve(frame(inner4())), v6() / geneve(frame(inner6()), options=b"\x01\x02\x03\x01abcd" * 2)],
    "geneve-ip": [v4() / geneve(inner4(), 0x0800), v4() / geneve(inner6(), 0x86DD, b"\0\0\x01\0")],
    "gre": [v4() / GRE() / inner4(), v6() / GRE() / inner6(), v4() / GRE(proto=0x6558) / frame(inner4())],
    "gre-keys": [v4() / GRE(key_present=1, key=k) / inner4() for k in (1, 0x80000000, 0xFFFFFFFF)],
    "gre-options": [v4() / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=5, sequence_number=9) / inner6(), v4() / GRE(seqnum_present=1) / inner4()],
    "gre-no-ip": [v4() / GRE(proto=0x0806) / ARP(), v4() / GRE(proto=0x9999) / Raw(b"\0" * 30)],
    "gre-pptp": [v4() / PPTP],
    "erspan-1": [v4() / GRE(proto=0x88BE) / ERSPAN_I() / frame(inner4())],
    "erspan-2": [v4() / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(ver=1, session_id=100) / frame(p) for p in (inner4(), inner6(), Dot1Q(vlan=7) / inner4())],
    "erspan-3": [v4() / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=100, o=0) / frame(p) for p in (inner4(), inner6())],
    "erspan-3-platform": [v4() / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=100, o=1) / ERSPAN_PlatformSpecific() / frame(inner4())],
    "ip-in-ip": [v4() / inner4(), v4() / inner6(), v6() / inner4(), v6() / inner6()],
    "ip-in-ip-behind-options": [v6() / IPv6ExtHdrDestOpt() / inner6(), v4(options=[("NOP")] * 4) / inner4()],
    "ip-in-ip-fragment": [ether() / p for p in fragment(IP(src=A, dst=B, id=3) / inner4(udp(800)), 400)],
    "mpls": [ether(type=0x8847) / labels(n, p) for n, p in ((1, inner4()), (3, inner6()))],
    "mpls-ethernet": [ether(type=0x8847) / labels(2, Raw(b"\0" * 4 + bytes(frame(inner4()))))],
    "mpls-behind-vlan": [ether() / Dot1Q(vlan=5, type=0x8847) / labels(2, inner4())],
    "mpls-in-ip": [v4(proto=137) / labels(1, inner4()), v4() / GRE(proto=0x8847) / labels(2, inner6())],
    "nested": [
        v4() / vxlan(frame(IP(src=C, dst=D) / GRE(key_present=1, key=8) / IP(src="203.0.113.5", dst="203.0.113.6") / udp())),
        v4() / GRE() / IP(src=C, dst=D) / vxlan(frame(IPv6(src="2001:db8:2::5", dst="2001:db8:2::6") / tcp()), 12),
        v6() / inner4() / Raw(b""),
    ],
    "qinq-vxlan": [ether() / Dot1AD(vlan=10) / Dot1Q(vlan=20) / IP(src=A, dst=B) / vxlan(frame(inner4()))],
    "tunnel-content-cut": [v4() / vxlan(Raw(bytes(frame(inner4(tcp(400))))[:60])), v4() / GRE() / Raw(bytes(inner6(udp(500)))[:64])],
    # Cut at every byte
    # Without IP options: with some, tshark 4.0 shows the destination only when two bytes more are there.
    "cut-v4": cut(v4() / tcp(10, options=[("MSS", 1460)])),
    "cut-v6": cut(v6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment(m=1) / udp(10)),
    "cut-qinq": cut(ether() / Dot1AD(vlan=100) / Dot1Q(vlan=200) / IP(src=A, dst=B) / udp(4)),
    "cut-vxlan": cut(v4() / vxlan(frame(Dot1Q(vlan=3) / inner6(udp(4))))),
    "cut-geneve": cut(v6() / geneve(frame(inner4(tcp(4))), options=b"\x01\x02\x03\x01abcd")),
    "cut-gre": cut(v4() / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=5) / inner4(udp(4))),
    "cut-erspan": cut(v4() / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(ver=1) / frame(inner4(udp(4)))),
    "cut-mpls": cut(ether(type=0x8847) / labels(2, inner4(udp(4)))),
    "cut-ip-in-ip": cut(v6() / inner4(tcp(4))),
}


def record(packet):
    data, length = packet if isinstance(packet, tuple) else (bytes(packet), None)
    return struct.pack("<IIII", 1700000000, 0, len(data), len(data) if length is None else length) + data


def main():
    for old in folder.glob("*.pcap"):
        old.unlink()
    for name, made in captures.items():
        kind, packets = made if isinstance(made, tuple) else ("ether", made)
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, KINDS[kind])
        (folder / f"{name}.pcap").write_bytes(head + b"".join(map(record, packets)))
    print(f"{len(captures)} captures")


main()
