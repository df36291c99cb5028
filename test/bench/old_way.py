#!/usr/bin/python3
"""Runs in the receiver's namespace: the way of the older Python service, scapy and a count-min sketch, for comparison.

old_way.py DEVICE counts packets by source and destination; says on SIGTERM how many.
"""

import os
import signal
import sys

from scapy.layers.inet import IP
from scapy.sendrecv import sniff

ROWS = 3
WIDTH = 1 << 16


class CountMin:
    """Cormode and Muthukrishnan 2005, as plain as Python does it fastest: its own hashes, lists for rows."""

    def __init__(self):
        self.rows = [[0] * WIDTH for _ in range(ROWS)]
        self.packets = 0

    def add(self, key):
        self.packets += 1
        for number, row in enumerate(self.rows):
            row[hash((number, key)) % WIDTH] += 1


counts = CountMin()


def count(packet):
    """What the older service did for each packet."""
    if IP in packet:
        counts.add(f"{packet[IP].src},{packet[IP].dst}")


def end(_signal, _frame):
    print(f"packets: {counts.packets}", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
sniff(iface=sys.argv[1], prn=count, store=False)
