#!/usr/bin/python3
"""Be told of port scans at any host, without looking all the time: the hosts judge, and keep what came of it.

    mininet> h1 python3 mininet/examples/watch.py &
    mininet> h6 nc -z 10.0.0.5 8008-8092
    mininet> h1 jobs
"""

import argparse
import sys
import time

import requests

PORT = 8000  # where every agent listens
MANY = 20  # more ports than these within two seconds are a scan
ASKING = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn"  # packets that ask for a connection, and no answers


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Tell which host's ports were scanned, and when.")
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


def clock(seconds):
    """The time of day of a unix second."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def main():
    """Say once what is too much, then ask now and then what came of it."""
    arguments = read_arguments()
    root = arguments.host

    # From now on every host counts who asks for its ports, and judges each second how many ports there were.
    sketch = ask(root, {"type": "config sketch", "interface": "INPUT", "filter": ASKING})
    counter = {"sketch_id": sketch, "counter_key_type": "dport"}
    ask(root, {"type": "config sketch counter", **counter})
    condition = {"counter_key": "key_num", "above": MANY, "window": 2, "scope": "host"}
    watch = ask(root, {"type": "watch", **counter, **condition})
    print(f"watching the ports of {root} and of all hosts below", file=sys.stderr, flush=True)

    told = set()
    asked = 0
    while asked != arguments.rounds or arguments.rounds == 0:
        time.sleep(arguments.interval)
        asked += 1

        # An alert that has ended is kept: however seldom this asks, it misses none.
        for alert in ask(root, {"type": "query alerts", "watch_id": watch}):
            name = (alert["host"], alert["since"])
            if "until" not in alert or name in told:
                continue
            told.add(name)
            times = f"from {clock(alert['since'])} to {clock(alert['until'])}"
            print(f"{alert['value']} ports of {alert['host']} were asked for, {times}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
