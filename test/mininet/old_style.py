"""Scripts in the manner of the old service's users: forms instead of JSON, the answers' text read as Python.

usage: old_style.py bandwidth|heavy-hitter|flow-size|portscan rounds interval
"""

import ast
import collections
import json
import re
import sys
import time

import requests


def send(host, **fields):
    """Post the fields as a form, as requests does with a dict."""
    return requests.post("http://" + host + ":8000", data=fields)


def bandwidth(_rounds, _interval):
    """Ask the source for the bandwidth to another host."""
    r = send("10.0.0.5", type="query bw", src="10.0.0.5", dst="10.0.0.6")
    print(r.text + " MBytes/s")


def distribution(host, key_type, increment, key, rounds, interval):
    """Count by a key, then print the heavy hitters and one entry every few seconds."""
    sketch_id = int(send(host, type="config sketch", interface="INPUT", proto="icmp").text)
    send(host, type="config sketch counter", sketch_id=sketch_id, counter_key_type=key_type, increment=increment)
    print("configured", flush=True)
    for _ in range(rounds):
        time.sleep(interval)
        r = send(host, type="query heavy hitters", sketch_id=sketch_id, counter_key_type=key_type)
        print(json.dumps(ast.literal_eval(r.text), sort_keys=True, indent=4))
        r = send(host, type="query sketch", sketch_id=sketch_id, counter_key_type=key_type, counter_key=key)
        print("hits: " + r.text + "times", flush=True)


def portscan(rounds, interval):
    """Compare the number of ports every interval; at a jump, print how many ports each source asked for."""
    host = "10.0.0.5"
    sketch_id = int(send(host, type="config sketch", interface="INPUT").text)
    for key_type in ("src_dport", "dport"):
        send(host, type="config sketch counter", sketch_id=sketch_id, counter_key_type=key_type, increment="pkt")
    print("configured", flush=True)
    ports = 0
    for _ in range(rounds):
        time.sleep(interval)
        query = {"sketch_id": sketch_id, "counter_key_type": "dport", "counter_key": "real_time_key_num"}
        r = send(host, type="query sketch", **query)
        if r.status_code != 200:
            continue
        before, ports = ports, int(r.text)
        if ports - before > 20:
            print("portscan detected.")
            r = send(host, type="query real time counter", sketch_id=sketch_id, counter_key_type="src_dport")
            found = re.findall(r"\d+\.\d+\.\d+\.\d+", r.text)
            print(json.dumps(dict(collections.Counter(found)), sort_keys=True, indent=4), flush=True)


SCRIPTS = {
    "bandwidth": bandwidth,
    "heavy-hitter": lambda *when: distribution("10.0.0.5", "src", "pkt", "10.0.0.6", *when),
    "flow-size": lambda *when: distribution("10.0.0.2", "src_dst", "byte", "10.0.0.6,10.0.0.5", *when),
    "portscan": portscan,
}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]](int(sys.argv[2]), float(sys.argv[3]))
