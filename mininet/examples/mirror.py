#!/usr/bin/python3
"""Copy all IPv4 packets of this host to a collector: run it in the host that is watched.

    mininet> h3 python3 mininet/examples/mirror.py tee 10.0.0.9
    mininet> h3 python3 mininet/examples/mirror.py vxlan 10.0.0.9
    mininet> h3 python3 mininet/examples/mirror.py off 10.0.0.9

tee has iptables send a copy to the collector's MAC address; vxlan has tc put a copy into a tunnel to it, VNI 77.
Packets to and from the collector itself are left out: they would reach it twice, and the tunnel's own packets would be
copied into the tunnel for ever. The tunnel adds 50 bytes: a packet of 1500 is sent in two fragments unless the MTU on
the way is 1550 or more. It is counted once nevertheless, with its own length.

Count the copies at the collector by mirrored.py.
"""

import argparse
import os
import subprocess
import sys

TUNNEL = "mirror0"
VNI = "77"


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Mirror this host's packets to a collector.")
    parser.add_argument("how", choices=["tee", "vxlan", "off"], help="by iptables, by tc and a tunnel, or no more")
    parser.add_argument("collector", help="address of the host that gets the copies")
    parser.add_argument("--device", help="the device that is mirrored (default: the first that is not lo)")
    return parser.parse_args()


def run(*words):
    """Run one command; its own words say what is wrong."""
    subprocess.run(words, check=True)


def tee_rules(device, collector):
    """What comes in and what goes out, each but for the collector's own."""
    target = ["-j", "TEE", "--gateway", collector]
    return [
        ["PREROUTING", "-i", device, "!", "-s", collector, *target],
        ["POSTROUTING", "-o", device, "!", "-d", collector, *target],
    ]


def start_tee(device, collector):
    """Copies by netfilter."""
    for rule in tee_rules(device, collector):
        run("iptables", "-t", "mangle", "-A", *rule)


def start_vxlan(device, collector):
    """Copies by tc. A packet takes the first filter that fits: one without an action lets it pass uncopied."""
    run("ip", "link", "add", TUNNEL, "type", "vxlan", "id", VNI, "dstport", "4789", "remote", collector, "dev", device)
    run("ip", "link", "set", TUNNEL, "addrgenmode", "none", "up")
    run("tc", "qdisc", "add", "dev", device, "clsact")
    for way, end in (("ingress", "src"), ("egress", "dst")):
        add = ["tc", "filter", "add", "dev", device, way]
        own = ["match", "ip", end, f"{collector}/32", "flowid", "1:1"]
        copy = ["action", "mirred", "egress", "mirror", "dev", TUNNEL]
        run(*add, "pref", "1", "protocol", "ip", "u32", *own)
        run(*add, "pref", "2", "protocol", "ip", "u32", "match", "u32", "0", "0", *copy)


def stop(device, collector):
    """Ends both kinds; what is not there is no matter."""
    quiet = {"check": False, "stderr": subprocess.DEVNULL}
    for rule in tee_rules(device, collector):
        subprocess.run(["iptables", "-t", "mangle", "-D", *rule], **quiet)
    subprocess.run(["tc", "qdisc", "del", "dev", device, "clsact"], **quiet)
    subprocess.run(["ip", "link", "del", TUNNEL], **quiet)


def main():
    """Mirror, or stop."""
    arguments = read_arguments()
    device = arguments.device or next(name for name in sorted(os.listdir("/sys/class/net")) if name != "lo")
    {"tee": start_tee, "vxlan": start_vxlan, "off": stop}[arguments.how](device, arguments.collector)
    print(f"{arguments.how}: {device}", file=sys.stderr)


if __name__ == "__main__":
    main()
