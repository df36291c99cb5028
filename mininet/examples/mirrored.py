#!/usr/bin/python3
"""Who speaks to whom on a host that is mirrored? Ask the collector, which gets a copy of each packet by mirror.py.

    mininet> h1 python3 mininet/examples/mirrored.py 10.0.0.9 --rounds 3 &
    mininet> h3 python3 mininet/examples/mirror.py tee 10.0.0.9
    mininet> h4 ping -c 10 10.0.0.3
"""

import argparse
import json
import sys
import time

import requests

PORT = 8000  # where every agent listens

# Copies come as frames of others' packets, or inside the tunnel's packets. A sketch counts one kind or the other.
SKETCHES = {
    "tee": ({"interface": "MIRROR", "proto": "icmp"}, "src_dst"),
    "vxlan": ({"interface": "INPUT", "inner": True, "proto": "icmp"}, "src_dst_vni"),
}


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Print the mirrored pings by source and destination.")
    parser.add_argument("collector", nargs="?", default="10.0.0.9", help="who gets the copies (default: 10.0.0.9)")
    parser.add_argument("--rounds", type=int, default=0, help="how often to ask; 0 is for ever (default: 0)")
    parser.add_argument("--interval", type=float, default=2, help="seconds before each round (default: 2)")
    return parser.parse_args()


def ask(host, message):
    """Send one message to the agent of a host; the answer comes back as a Python value."""
    answer = requests.post(f"http://{host}:{PORT}", json=message, timeout=10)
    if answer.status_code != 200:
        sys.exit(f"the agent of {host} refused: {answer.text}")
    return answer.json()


def main():
    """Make both sketches, then print what they counted, again and again."""
    arguments = read_arguments()
    counters = {}
    for name, (words, key_type) in SKETCHES.items():
        sketch = ask(arguments.collector, {"type": "config sketch", **words})
        counters[name] = {"sketch_id": sketch, "counter_key_type": key_type}
        ask(arguments.collector, {"type": "config sketch counter", **counters[name]})
    print("ready", file=sys.stderr, flush=True)

    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1
        for name, counter in counters.items():
            found = ask(arguments.collector, {"type": "query top", **counter, "scope": "host"})
            print(f"mirrored by {name}:")
            print(json.dumps(found, indent=4), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
