#!/usr/bin/python3
"""Who sends the most pings to one host? Count at that host, ask it every few seconds.

    mininet> h1 python3 mininet/examples/heavy_hitter.py &
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
    parser = argparse.ArgumentParser(description="Print who sends the most ICMP packets to a host.")
    parser.add_argument("host", nargs="?", default="10.0.0.5", help="the host to watch (default: 10.0.0.5)")
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
    host = arguments.host

    # A sketch says which packets count: ICMP packets that come in. Its id names it in later messages.
    sketch = ask(host, {"type": "config sketch", "interface": "INPUT", "proto": "icmp"})

    # A counter says by what they are told apart (the source address) and what is added up (packets).
    counter = {"sketch_id": sketch, "counter_key_type": "src"}
    ask(host, {"type": "config sketch counter", "increment": "pkt", **counter})
    print(f"counting ICMP packets into {host} by source", file=sys.stderr, flush=True)

    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # The heavy hitters: every source with more than a tenth of all that was counted.
        hitters = ask(host, {"type": "query heavy hitters", **counter})
        print(json.dumps(hitters, sort_keys=True, indent=4))

        # One entry by its key.
        hits = ask(host, {"type": "query sketch", "counter_key": "10.0.0.6", **counter})
        print(f"h6 hits: {hits}times", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
