"""The monitors and agents of a lab: start, watch, stop; and the commands that its hosts find in their PATH."""

import os
import shutil
import subprocess
import time

from lab.checks import AGENT, COMMAND, MONITOR
from lab.mark import DIRECTORY, LabError

PORT = 8000


def install_commands(directory=DIRECTORY):
    """Make `tallytree`, its programs, `node` and `python` available to the hosts, whatever the clone's PATH is."""
    node = shutil.which("node")
    folder = os.path.join(directory, "bin")
    os.makedirs(folder)
    for name, script in {"tallytree": COMMAND, "tallytree-monitor": MONITOR, "tallytree-agent": AGENT}.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            # Run by its own first line, which names V8's flags.
            file.write(f'#!/bin/sh\nPATH="{folder}:$PATH" exec "{script}" "$@"\n')
        os.chmod(path, 0o755)
    os.symlink(node, os.path.join(folder, "node"))
    os.symlink("/usr/bin/python3", os.path.join(folder, "python"))


class Program:
    """One monitor or agent in a host."""

    def __init__(self, host, kind, arguments):
        self.name = f"{kind} of {host.name}"
        self.log = f"{DIRECTORY}/{host.name}-{kind}.log"
        command = [f"{DIRECTORY}/bin/tallytree-{kind}", *arguments]
        with open(self.log, "wb") as log:
            self.process = host.popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def last_words(self):
        """The last line it wrote."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return lines[-1] if lines else "it said nothing"

    def check(self):
        """LabError when it has ended."""
        status = self.process.poll()
        if status is not None:
            raise LabError(f"the {self.name} ended with status {status}: {self.last_words()}")


def start_programs(hosts, parent_of, tap):
    """Start a monitor and an agent in each host; parent_of names each host's parent or None."""
    address = {host.name: host.IP() for host in hosts}
    programs = []
    for host in hosts:
        socket = f"{DIRECTORY}/{host.name}.sock"
        programs.append(Program(host, "monitor", ["--socket", socket, "--no-state", "--tap", tap]))
        arguments = ["--address", host.IP(), "--port", str(PORT), "--monitor", socket]
        parent = parent_of[host.name]
        if parent is not None:
            arguments += ["--parent", f"http://{address[parent]}:{PORT}"]
        programs.append(Program(host, "agent", arguments))
    return programs


def stop_programs(programs, patience=5.0):
    """Ask all to end at once, and force those that do not. Returns the names of those that were forced."""
    for program in programs:
        if program.process.poll() is None:
            program.process.terminate()
    deadline = time.monotonic() + patience
    forced = []
    for program in programs:
        try:
            program.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            program.process.kill()
            program.process.wait()
            forced.append(program.name)
    return forced
