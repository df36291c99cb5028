"""Wait, from inside a host, until all agents answer and the overlay is complete. Run by lab.py, not by hand.

Takes one JSON argument {"agents": {name: address}, "children": {name: [addresses]}, "port": n, "seconds": n};
prints what is still missing, one line a thing, and nothing when all is well.
"""

import json
import sys
import time
import urllib.request

PAUSE = 0.1


def fetch(url, message):
    """The answer to a message, or None when there is none."""
    request = urllib.request.Request(url, json.dumps(message).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


def complaints(wanted):
    """What is not yet as it should be."""
    found = []
    for name, address in wanted["agents"].items():
        status = fetch(f"http://{address}:{wanted['port']}", {"type": "query status"})
        if status is None:
            found.append(f"the agent of {name} does not answer")
            continue
        if status["monitor"]["state"] != "up":
            found.append(f"the agent of {name} does not reach its monitor: {status['monitor'].get('message')}")
        known = {child["agent_addr"] for child in status["leaf_agents"]}
        absent = [child for child in wanted["children"][name] if f"{child}:{wanted['port']}" not in known]
        if absent:
            found.append(f"the agent of {name} does not know {', '.join(absent)} below it")
    return found


def main():
    """Ask again and again until nothing is missing or the time is up."""
    wanted = json.loads(sys.argv[1])
    deadline = time.monotonic() + wanted["seconds"]
    left = complaints(wanted)
    while left and time.monotonic() < deadline:
        time.sleep(PAUSE)
        left = complaints(wanted)
    print("\n".join(left))


if __name__ == "__main__":
    main()
