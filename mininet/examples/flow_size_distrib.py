#!/usr/bin/python3
"""How many bytes flow between each two hosts of the network? Ask the root; it asks everybody below it.

    mininet> h1 python3 mininet/examples/flow_size_distrib.py &
    mininet> pingall
    mininet> h1 jobs
"""

import argparse
import json
import sys
import time

import requests

PORT = 8000  # where every agent listens


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Print the ICMP bytes between each two hosts of the network.")
    parser.add_argument("host", nargs="?", default="10.0.0.2", help="the root of the agents (default: 10.0.0.2)")
    parser.add_argument("--rounds", type=int, default=0, help="how often to ask; 0 is for ever (default: 0)")
    parser.add_argument("--interval", type=float, default=5, help="seconds before each round (default: 5)")
    return parser.parse_args()


def ask(host, message):
    """Send one message to the agent of a host; the answer comes back as a Python value."""
    try:
        answer = requests.post(f"http://{host}:{PORT}", data=message, timeout=10)
    except requests.RequestException as problem:
        sys.exit(f"no answer from the agent of {host}: {problem}")
    if answer.status_code != 200:
        sys.exit(f"the agent of {host} refused: {answer.text}")
    return answer.json()


def main():
    """Set up the counting once, then ask again and again."""
    arguments = read_arguments()
    root = arguments.host

    # The root hands both messages down the tree: from now on every host counts the pings that reach it.
    sketch = ask(root, {"type": "config sketch", "interface": "INPUT", "proto": "icmp"})

    # Told apart by source and destination together; added up are bytes, not packets.
    counter = {"sketch_id": sketch, "counter_key_type": "src_dst"}
    ask(root, {"type": "config sketch counter", "increment": "bytes", **counter})
    print(f"counting ICMP bytes by source and destination at {root} and below", file=sys.stderr, flush=True)

    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # One answer for the whole network, added up on its way to the root.
        flows = ask(root, {"type": "query heavy hitters", **counter})
        print(json.dumps(flows, sort_keys=True, indent=4))

        # One flow by its key: the parts in the order of the key type.
        size = ask(root, {"type": "query sketch", "counter_key": "10.0.0.6,10.0.0.5", **counter})
        print(f"h6 hits h5: {size} bytes", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
