#!/usr/bin/python3
"""How many others does each host of the network talk to? One that talks to far more than usual looks around.

    mininet> h1 python3 mininet/examples/contacts.py &
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
    parser = argparse.ArgumentParser(description="Print how many hosts each host pings, over the whole network.")
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

    # From now on every host counts the pings that reach it, by source and destination together. "spread" keeps the
    # answer near the truth however many pairs there are; up to 4096 of them it is exact anyway.
    sketch = ask(root, {"type": "config sketch", "interface": "INPUT", "proto": "icmp"})
    counter = {"sketch_id": sketch, "counter_key_type": "src_dst"}
    ask(root, {"type": "config sketch counter", "spread": "src,dst", **counter})
    print(f"counting who pings whom at {root} and below", file=sys.stderr, flush=True)

    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # A pair that several hosts saw counts once. The other way round: how many ping each destination?
        talkers = ask(root, {"type": "query spread", "group_by": "src", **counter})
        print(json.dumps(talkers, sort_keys=True, indent=4))
        wanted = ask(root, {"type": "query spread", "group_by": "dst", "k": 1, **counter})
        for host, sources in wanted.items():
            print(f"{host} is pinged by {sources} hosts", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
