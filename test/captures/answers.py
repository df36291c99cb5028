#!/usr/bin/python3
"""Asks tshark what is in each capture and writes tshark.json: per capture, sketch and kind of key, the packets by key.

answers.py FILE writes it elsewhere. Needs Debian's tshark. All fields are tshark's; what counts as a packet follows
DESIGN.md, section 4.
"""

import ipaddress
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

folder = Path(__file__).parent
TRANSPORTS = {6: "tcp", 17: "udp", 132: "sctp"}
EXTENSIONS = {0, 43, 44, 51, 60}
TAGS = {"vlan": ("id",), "ieee8021ad": ("id", "svid", "cvid")}
TUNNELS = ("vxlan", "geneve", "gre", "mpls")
# Nothing is put together from several frames; the payload behind label 17 begins with a control word.
OPTIONS = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-d", "mpls.label==17,pwethcw"]


def frames_of(path):
    """For each frame its protocol layers, outermost first, IPv6's extension headers among them."""
    argv = ["tshark", "-n", "-r", str(path), "-T", "pdml", *OPTIONS]
    pdml = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
    for packet in ET.fromstring(pdml).iter("packet"):
        yield [layer for top in packet.findall("proto") for layer in top.iter("proto")]


def text(layer, name):
    """None: tshark could not read it."""
    found = [field.get("show") for field in layer.iter("field") if field.get("name") == name]
    return found[0] if found else None


def number(layer, name):
    shown = text(layer, name)
    return None if shown is None else int(shown, 0)


def wire_length(frame):
    return next(number(layer, "frame.len") for layer in frame if layer.get("name") == "frame")


def extensions_behind(frame, at):
    """(next header, fragment offset) of each; None: tshark could not read it."""
    for layer in frame[at + 1 :]:
        name = layer.get("name")
        if name == "ah":
            yield number(layer, "ah.next_header"), 0
        elif name.startswith("ipv6."):
            yield number(layer, f"{name}.nxt"), number(layer, "ipv6.fraghdr.offset") or 0
        elif name != "fake-field-wrapper":
            return


def ipv4(frame, at, is_carried):
    """(protocol, whether it is a later fragment, IP bytes); None: a host would not take it for a packet."""
    layer = frame[at]
    header, total = number(layer, "ip.hdr_len"), number(layer, "ip.len")
    room = wire_length(frame) - int(layer.get("pos"))
    if None in (header, total, text(layer, "ip.dst")) or not 20 <= header <= total:
        return None
    if number(layer, "ip.version") != 4 or (total > room and not is_carried):
        return None
    return number(layer, "ip.proto"), number(layer, "ip.frag_offset") > 0, total


def ipv6(frame, at, is_carried):
    layer = frame[at]
    payload, proto = number(layer, "ipv6.plen"), number(layer, "ipv6.nxt")
    room = wire_length(frame) - int(layer.get("pos"))
    if text(layer, "ipv6.dst") is None or number(layer, "ipv6.version") != 6:
        return None
    if 40 + payload > room and not is_carried:
        return None
    later = False
    for follows, offset in extensions_behind(frame, at):
        if proto not in EXTENSIONS or later:
            break
        if follows is None:
            return None
        proto, later = follows, offset > 0
    if proto in EXTENSIONS and not later:
        return None
    return proto, later, 40 + payload


def ports_behind(frame, at, proto):
    for layer in frame[at + 1 :]:
        name = layer.get("name")
        if name in ("ip", "ipv6"):
            return None
        if name == TRANSPORTS.get(proto):
            ports = number(layer, f"{name}.srcport"), number(layer, f"{name}.dstport")
            return None if None in ports else ports
    return None


def packet_at(frame, at, is_carried):
    layer = frame[at]
    name = layer.get("name")
    read = (ipv4 if name == "ip" else ipv6)(frame, at, is_carried)
    if read is None:
        return None
    proto, later, total = read
    ends = [str(ipaddress.ip_address(text(layer, f"{name}.{end}"))) for end in ("src", "dst")]
    return {"ends": ends, "proto": proto, "bytes": total, "ports": None if later else ports_behind(frame, at, proto)}


def tunnel_number(layer):
    """(kind of key, number) of a tunnel that has one."""
    name = layer.get("name")
    if name in ("vxlan", "geneve"):
        return "vni", number(layer, f"{name}.vni")
    if name == "gre" and text(layer, "gre.key") is not None:
        return "gre_key", number(layer, "gre.key")
    return None


def tags_of(layers):
    shown = [
        number(layer, f"{layer.get('name')}.{field}") for layer in layers for field in TAGS.get(layer.get("name"), ())
    ]
    return [tag for tag in shown if tag is not None]


def is_ip(layer):
    return layer.get("name") in ("ip", "ipv6")


def packets_of(frame):
    """The frame's own packet, and the innermost that is carried: each None when there is none."""
    own = inner = None
    tunnel, start = None, 0
    for at, layer in enumerate(frame):
        name = layer.get("name")
        if name == "ppp":  # PPTP's packets are parts of a stream
            break
        if name in TUNNELS:
            tunnel = tunnel_number(layer) or tunnel or ("", None)
            start = at + 1
        if name == "eth":
            start = at
        if not is_ip(layer):
            continue
        tags = tags_of(frame[start:at])
        is_carried = tunnel is not None or own is not None
        found = packet_at(frame, at, is_carried)
        if found is None:
            break
        if not is_carried:
            own = {**found, "vlan": tags[0] if tags else None}
        if is_carried or len(tags) > 1:
            inner = {**found, "vlan": tags[-1] if tags else None, "tunnel": tunnel}
        start = at + 1
    return own, inner


def keyed(packet):
    """The keys of a packet by kind of key."""
    ends = ",".join(packet["ends"])
    tunnel = dict([packet.get("tunnel") or ("", None)])
    keys = {"src_dst_proto_vlan": f"{ends},{packet['proto']},{packet['vlan'] or 'none'}"}
    if packet["ports"] is not None:
        keys["src_dst_sport_dport_proto"] = ",".join([ends, *map(str, packet["ports"]), str(packet["proto"])])
    if "tunnel" in packet:
        keys["src_vni_gre_key"] = ",".join(
            [packet["ends"][0]] + ["none" if tunnel.get(kind) is None else str(tunnel[kind]) for kind in ("vni", "gre_key")]
        )
    return keys


def tally(packets):
    """{kind of key: {key: [packets, bytes]}}"""
    sums = {}
    for packet in packets:
        for kind, key in keyed(packet).items():
            entry = sums.setdefault(kind, {}).setdefault(key, [0, 0])
            entry[0] += 1
            entry[1] += packet["bytes"]
    return sums


def answer(path):
    found = [packets_of(frame) for frame in frames_of(path)]
    return {
        "frames": len(found),
        "plain": tally(own for own, _ in found if own is not None),
        "inner": tally(inner for _, inner in found if inner is not None),
    }


def main():
    answers = {path.stem: answer(path) for path in sorted(folder.glob("*.pcap"))}
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "tshark.json"
    lines = [f"{json.dumps(name)}: {json.dumps(found, sort_keys=True)}" for name, found in answers.items()]
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(answers)} captures, {sum(found['frames'] for found in answers.values())} frames")


main()
