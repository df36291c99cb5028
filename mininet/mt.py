#!/usr/bin/python3
"""Tallytree's lab: a network of measured hosts on this machine, with Mininet's command line.

Run as root: sudo mininet/mt.py. See --help.
"""

import importlib
import os
import sys

sys.dont_write_bytecode = True
SYSTEM_PYTHON = "/usr/bin/python3"
FOLDER = os.path.dirname(os.path.abspath(__file__))


def need_root():
    """Leave with a sentence unless we are root."""
    if os.geteuid() != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: only root can make network namespaces: run it with sudo")


def need_mininet():
    """Go on with the Python that Debian's Mininet belongs to; leave with a sentence when there is none."""
    try:
        importlib.import_module("mininet.net")
    except ImportError:
        if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and os.path.exists(SYSTEM_PYTHON):
            os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
        sys.exit("mt.py: Debian's Mininet is missing: apt-get install mininet")


def hints(options):
    """What to type first."""
    examples = min(os.path.join(FOLDER, "examples"), os.path.relpath(os.path.join(FOLDER, "examples")), key=len)
    return [
        "Try   pingall",
        "      h1 tallytree query status --at h2",
        f"      h1 python3 {examples}/heavy_hitter.py &     then pingall, h1 jobs, h1 kill %1",
        f"Logs  /run/tallytree-lab        Tap  {options.tap}        End  exit",
    ]


def session(options):
    """A lab with a command line, from start to end."""
    from lab.checks import check_machine
    from lab.console import LabConsole
    from lab.ending import interrupt_by_key
    from lab.network import Lab, say

    check_machine(options)
    with Lab(options) as running:
        running.start()
        say("\n".join(["", *running.drawing(), "", *hints(options), ""]))
        if sys.stdin.isatty():
            interrupt_by_key()
        LabConsole(running.net, stdin=sys.stdin)


def main():
    """Read the options, check for what no lab can do without, run it."""
    from lab.options import parse

    options = parse()
    need_root()
    need_mininet()
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    from lab import ending

    return ending.run("mt.py", session, options)


if __name__ == "__main__":
    sys.exit(main())
