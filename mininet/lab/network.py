"""A whole lab: the network, the programs in its hosts, and its end."""

import json
import os
import subprocess
import sys

from mininet.log import lg
from mininet.net import Mininet
from mininet.topolib import TreeTopo

from lab import checks, ending, mark, nodes, overlay, programs

READY_SECONDS = 40
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ready.py")


def say(text=""):
    """Print a line now; a terminal that has gone away stops nothing."""
    try:
        print(text, flush=True)
    except OSError:
        pass


def _count(things, noun, ending="s"):
    return f"{len(things)} {noun}{'' if len(things) == 1 else ending}"


class Lab:
    """One lab, used in a `with`: whatever happens inside, all of it is removed at the end.

    net is Mininet's network. LabError when the lab cannot start.
    """

    def __init__(self, options):
        self.options = options
        self.net = None
        self.parents = {}
        self._programs = []
        self._lock = None
        self._open_vswitch = nodes.OpenVSwitch()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def host(self, name):
        """The host of that name."""
        return self.net.get(name)

    def start(self):
        """Start the network and the programs, and wait until all of it works."""
        self._lock = mark.take_lock()
        left_over = mark.clear()
        if left_over:
            say(f"Removed what an earlier lab left behind: {left_over}.")
        topology = TreeTopo(depth=self.options.depth, fanout=self.options.fanout)
        checks.check_names(topology.switches())
        programs.install_commands()
        if self.options.switch == "ovsbr":
            self._open_vswitch.start()
        self._start_network(topology)
        self._start_programs()
        self._wait()

    def _start_network(self, topology):
        lg.ch.setStream(sys.stdout)  # what a command prints belongs on standard output
        self.net = Mininet(
            topo=topology,
            build=False,
            controller=None,
            host=nodes.host_class(self.options),
            switch=nodes.switch_maker(self.options),
            link=nodes.link_maker(self.options),
        )
        say(f"Starting {_count(topology.hosts(), 'host')} and {_count(topology.switches(), 'switch', 'es')} ...")
        try:
            self.net.start()
        except Exception as problem:
            raise mark.LabError(f"Mininet could not start the network: {problem}") from problem

    def _start_programs(self):
        measured = self.net.hosts[1:]
        say(f"Starting {_count(measured, 'monitor')} and {_count(measured, 'agent')} ...")
        names = [host.name for host in measured]
        self.parents = overlay.parents(names, self.options.overlay, self.options.overlay_fanout)
        self._programs = programs.start_programs(measured, self.parents, self.options.tap)

    def _wait(self):
        """Wait until every agent answers and knows the agents below it."""
        address = {host.name: host.IP() for host in self.net.hosts[1:]}
        below = overlay.children(self.parents)
        wanted = {
            "agents": address,
            "children": {name: [address[child] for child in below[name]] for name in below},
            "port": programs.PORT,
            "seconds": READY_SECONDS,
        }
        command = ["/usr/bin/python3", SCRIPT, json.dumps(wanted)]
        waiting = self.net.hosts[0].popen(command, stdin=subprocess.DEVNULL, text=True)
        while True:
            for program in self._programs:
                program.check()
            try:
                complaints, trouble = waiting.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                continue
        if complaints.strip() or waiting.returncode:
            first = (complaints.strip() or trouble.strip() or "the check itself failed").splitlines()
            raise mark.LabError(f"after {READY_SECONDS} s {first[0]}; its log is in {mark.DIRECTORY}")

    def drawing(self):
        """The lab as lines of text: the controller, then the overlay."""

        def label(name):
            role = "  <- root: ask this one about the whole network" if name == root else ""
            return f"{name:4} {self.host(name).IP()}{role}"

        root = next(iter(self.parents)) if self.options.overlay != "none" else None
        controller = self.net.hosts[0]
        lines = [f"{controller.name:4} {controller.IP()}  the controller, not measured", ""]
        return lines + overlay.drawing(self.parents, label)

    def stop(self):
        """Stop and remove everything; does nothing the second time."""
        if self._lock is None:
            return
        ending.ignore_signals()
        if self.net is not None:
            say("Clearing up ...")
        lg.setLogLevel("critical")
        for name in programs.stop_programs(self._programs):
            say(f"the {name} did not end in time and was ended by force")
        try:
            if self.net is not None:
                self.net.stop()
        except Exception as problem:  # a network that is half built: the mark finds the rest
            print(f"while stopping the network: {problem}", file=sys.stderr)
        self._open_vswitch.stop()
        mark.clear()
        mark.release_lock(self._lock)
        self._lock = None
