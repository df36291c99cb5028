"""The lab's options, as typed after mt.py."""

import argparse

DESCRIPTION = """\
Start a network of hosts on this machine, measure it, and open Mininet's command line.

The switches form a tree; the hosts are h1, h2, ... with the addresses 10.0.0.1, 10.0.0.2, ...
h1 is the controller and is not measured. All others run a monitor and an agent (port 8000);
the agents form a tree of their own, the overlay, with h2 as its root.
"""

EPILOG = """\
examples:
  sudo mininet/mt.py
  sudo mininet/mt.py --tap nfqueue --depth 1 --fanout 5
  sudo mininet/mt.py --switch ovsbr --switch-args datapath=user
  printf 'pingall\\nh1 tallytree query status --at h2\\n' | sudo mininet/mt.py

The lab ends at 'exit', at the end of the input, and at a signal; nothing is left behind.
Exit status: 0 at a normal end, 1 when the lab cannot start, 128 + n when signal n ended it.
"""


def switch_args(text):
    """Read 'datapath=user,stp=1' as keyword arguments."""
    pairs = [item.partition("=") for item in text.split(",") if item]
    if any(not name.isidentifier() or not sign for name, sign, _ in pairs):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form name=value,name=value")
    return {name: value for name, _, value in pairs}


def whole(least):
    """An argument type: a whole number of at least `least`."""

    def read(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {least}")
        return int(text)

    return read


def rate(text):
    """An argument type: a rate in Mbit/s above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a rate above 0 and up to 1000 Mbit/s")
    return value


def parse(arguments=None):
    """Read the command line; argparse ends the program with status 2 when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="mt.py", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--depth", type=whole(1), default=2, help="levels of switches (default: 2)")
    add("--fanout", type=whole(1), default=3, help="hosts or switches below a switch (default: 3)")
    add("--switch", choices=["lxbr", "ovsbr"], default="lxbr", help="Linux bridge (default) or Open vSwitch")
    add("--switch-args", type=switch_args, default={}, metavar="NAME=VALUE,...", help="as datapath=user")
    add("--tap", choices=["packet", "nfqueue", "nflog", "pcap", "auto"], default="packet", help="where packets are read (default: packet)")
    add("--overlay", choices=["tree", "star", "none"], default="tree", help="who is below whom (default: tree)")
    add("--overlay-fanout", type=whole(1), default=3, metavar="N", help="agents below one in a tree (default: 3)")
    add("--link-rate", type=rate, metavar="MBIT", help="rate of every link in Mbit/s (default: no limit)")
    options = parser.parse_args(arguments)
    if options.fanout**options.depth < 2:
        parser.error("one host is not a network: use a larger --fanout")
    if options.fanout**options.depth > 250:
        parser.error("more than 250 hosts: use a smaller --depth or --fanout")
    if options.switch == "lxbr" and set(options.switch_args) - {"stp", "prio"}:
        parser.error("--switch lxbr takes only stp=... and prio=... in --switch-args")
    return options
