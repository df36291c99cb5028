#!/usr/bin/python3
"""Is somebody trying the ports of a host one by one? Watch how many different ports are asked for just now.

    mininet> h1 python3 mininet/examples/portscan.py &
    mininet> h6 nc -z 10.0.0.5 8008-8092
    mininet> h1 jobs
"""

import argparse
import collections
import json
import sys
import time

import requests

PORT = 8000  # where every agent listens
BURST = 20  # this many new ports within one interval are a scan


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Say when a host's ports are scanned, and by whom.")
    parser.add_argument("host", nargs="?", default="10.0.0.5", help="the host to watch (default: 10.0.0.5)")
    parser.add_argument("--rounds", type=int, default=0, help="how often to ask; 0 is for ever (default: 0)")
    parser.add_argument("--interval", type=float, default=0.3, help="seconds before each round (default: 0.3)")
    return parser.parse_args()


def ask(host, message):
    """Send one message to the agent of a host; the answer comes back as a Python value, None if there is none."""
    try:
        answer = requests.post(f"http://{host}:{PORT}", data=message, timeout=10)
    except requests.RequestException as problem:
        print(f"no answer from the agent of {host}: {problem}", file=sys.stderr)
        return None
    if answer.status_code != 200:
        print(f"the agent of {host} refused: {answer.text}", file=sys.stderr)
        return None
    return answer.json()


def main():
    """Set up the counting once, then compare the number of ports again and again."""
    arguments = read_arguments()
    host = arguments.host

    # All packets that come in, counted twice: by port, and by source and port together.
    sketch = ask(host, {"type": "config sketch", "interface": "INPUT"})
    if sketch is None:
        sys.exit(1)
    for key_type in ("dport", "src_dport"):
        counter = {"sketch_id": sketch, "counter_key_type": key_type, "increment": "pkt"}
        ask(host, {"type": "config sketch counter", **counter})
    print(f"watching the ports of {host}", file=sys.stderr, flush=True)

    asked = ports = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # How many different ports were asked for in the last one to two seconds?
        message = {"type": "query sketch", "sketch_id": sketch, "counter_key_type": "dport"}
        now = ask(host, {**message, "counter_key": "real_time_key_num"})
        if now is None:
            continue  # the next look is near: a detector does not stop for one that failed
        before, ports = ports, now
        if ports - before <= BURST:
            continue

        # A jump. The scan may still be going on: give it one interval, then see who asked for how many.
        time.sleep(arguments.interval)
        message = {"type": "query real time counter", "sketch_id": sketch, "counter_key_type": "src_dport"}
        sources = [key.split(",")[0] for key in ask(host, message) or {}]
        print("portscan detected.")
        print(json.dumps(collections.Counter(sources), sort_keys=True, indent=4), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
