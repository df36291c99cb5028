#!/usr/bin/python3
"""What does an answer say while a link is down? Ask the root about the network, again and again.

    mininet> h1 python3 mininet/examples/link_failure.py &
    mininet> pingall
    mininet> link s4 h9 down
    mininet> link s4 h9 up
    mininet> h1 jobs

Each line tells how many hosts are in the answer and who is missing; the count is right for those that are in it.
"""

import argparse
import json
import sys
import time

import requests

PORT = 8000  # where every agent listens


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Print which hosts an answer covers, while links fail.")
    parser.add_argument("root", nargs="?", default="10.0.0.2", help="the agent to ask (default: 10.0.0.2)")
    parser.add_argument("--rounds", type=int, default=0, help="how often to ask; 0 is for ever (default: 0)")
    parser.add_argument("--interval", type=float, default=1, help="seconds before each round (default: 1)")
    return parser.parse_args()


def ask(root, message):
    """Send one message to the agent; the answer comes back as a Python value."""
    try:
        answer = requests.post(f"http://{root}:{PORT}", json=message, timeout=10)
    except requests.RequestException as problem:
        sys.exit(f"no answer from the agent of {root}: {problem}")
    if answer.status_code != 200:
        sys.exit(f"the agent of {root} refused: {answer.text}")
    return answer.json()


def main():
    """Count all pings in the network, and look at the answer's coverage."""
    arguments = read_arguments()
    root = arguments.root

    # The root passes this on to every host below it, to those that are away as soon as they are back.
    sketch = ask(root, {"type": "config sketch", "interface": "INPUT", "proto": "icmp"})
    counter = {"sketch_id": sketch, "counter_key_type": "dst"}
    ask(root, {"type": "config sketch counter", **counter})
    print(f"counting ICMP packets, asking {root}", file=sys.stderr, flush=True)

    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # With "detail" an answer says what it covers, and why the rest is missing.
        answer = ask(root, {"type": "query sketch", "counter_key": "total", "detail": True, **counter})
        coverage = answer["coverage"]
        missing = {entry["host"]: entry["reason"] for entry in coverage["missing"]}
        line = {"pings": answer["value"], "answered": len(coverage["answered"]), "missing": missing}
        print(json.dumps(line, sort_keys=True), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
