#!/usr/bin/python3
"""How much can be sent from one host to another? Ask the sender's agent; it runs a short test.

    mininet> h1 python3 mininet/examples/query_bw.py
"""

import argparse
import sys
import time

import requests

PORT = 8000  # where every agent listens


def read_arguments():
    """What was typed after the script's name."""
    parser = argparse.ArgumentParser(description="Print the bandwidth between two hosts.")
    parser.add_argument("src", nargs="?", default="10.0.0.5", help="the sender (default: 10.0.0.5)")
    parser.add_argument("dst", nargs="?", default="10.0.0.6", help="the receiver (default: 10.0.0.6)")
    parser.add_argument("--rounds", type=int, default=1, help="how often to ask; 0 is for ever (default: 1)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two rounds (default: 5)")
    return parser.parse_args()


def ask(host, message):
    """Send one message to the agent of a host; the answer is its text."""
    try:
        answer = requests.post(f"http://{host}:{PORT}", data=message, timeout=60)
    except requests.RequestException as problem:
        sys.exit(f"no answer from the agent of {host}: {problem}")
    if answer.status_code != 200:
        sys.exit(f"the agent of {host} refused: {answer.text}")
    return answer.text


def main():
    """Ask, print, and wait for the next round if there is one."""
    arguments = read_arguments()
    asked = 0
    while True:
        text = ask(arguments.src, {"type": "query bw", "src": arguments.src, "dst": arguments.dst})
        print(f"{text} MBytes/s", flush=True)
        asked += 1
        if asked == arguments.rounds:
            break
        time.sleep(arguments.interval)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
