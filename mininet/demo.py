#!/usr/bin/python3
"""The demo: a lab, the four examples with their traffic, and what one sees. Ends with 1 if a number is wrong."""

import json
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

FOLDER = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.relpath(os.path.join(FOLDER, "examples"))
PAIR_BYTES = 168  # a ping and its answer, 84 bytes each
PORTS = 85  # 8008 to 8092
SLACK = 6  # seconds an example waits before it asks; a pingall is done by then


class Show:
    """The lab on stage: runs commands in its hosts, prints them and what they say, and keeps count of failures."""

    def __init__(self, lab, say):
        self.lab = lab
        self.say = say
        self.failures = []

    def title(self, number, text):
        """Announce a part."""
        self.say(f"\n{number}. {text}\n")

    def check(self, right, what):
        """Note what is not as it should be."""
        if not right:
            self.failures.append(what)
            self.say(f"   FAILED: {what}")

    def start(self, host, command, background=False):
        """Start a command in a host, printed as it would be typed there."""
        self.say(f"   {host}$ {command}{' &' if background else ''}")
        return Running(self.lab.host(host).popen(command.split(), text=True, stdin=subprocess.DEVNULL))

    def run(self, host, command, shorten=lambda lines: lines):
        """Run a command in a host to its end, print what it says, and return that."""
        return self.finish(self.start(host, command), shorten)

    def finish(self, running, shorten=lambda lines: lines):
        """Wait for a command's end, print what it said, and return that."""
        text = running.wait()
        for line in shorten(text.splitlines()):
            self.say(f"      {line}")
        status = running.status()
        self.check(status == 0, f"'{running.command}' ended with {status}: {running.complaint()}")
        return text

    def ping_all(self):
        """Let every host ping every other one."""
        self.say("   mininet> pingall")
        lost = self.lab.net.pingAll(timeout="2")
        self.check(lost == 0, f"{lost} % of the pings got no answer")
        hosts = len(self.lab.net.hosts)
        self.say(f"      every host pinged every other one: {hosts * (hosts - 1)} pings, {lost:.0f} % lost")


class Running:
    """A command in a host; what it says on standard error is read while it runs."""

    def __init__(self, process):
        self.process = process
        self.command = " ".join(process.args[3:])
        self.errors = []
        self.spoke = threading.Event()
        self.reader = threading.Thread(target=self._read_errors, daemon=True)
        self.reader.start()

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.strip())
            self.spoke.set()
        self.spoke.set()

    def ready(self):
        """Wait until it says on standard error that it is set up."""
        self.spoke.wait(timeout=15)
        return self

    def wait(self):
        """Wait for its end; returns its standard output."""
        text = self.process.stdout.read()
        self.process.wait()
        self.reader.join()
        return text

    def status(self):
        """Its exit status."""
        return self.process.returncode

    def complaint(self):
        """The last line on standard error."""
        return self.errors[-1] if self.errors else ""


def printed_object(text):
    """The first JSON object in an example's output, or an empty one."""
    start, end = text.find("{"), text.find("}")
    return json.loads(text[start : end + 1]) if 0 <= start < end else {}


def middle_left_out(keep):
    """A function that shortens a long list of lines to its first and last ones."""

    def shorten(lines):
        if len(lines) <= 2 * keep:
            return lines
        return [*lines[:keep], f"    ... {len(lines) - 2 * keep} more lines ...", *lines[-keep:]]

    return shorten


def bandwidth(show):
    """Part 1."""
    show.title(1, "How much can h5 send to h6?")
    text = show.run("h1", f"python3 {EXAMPLES}/query_bw.py")
    show.check(text.endswith(" MBytes/s\n") and float(text.split()[0]) > 0, "no bandwidth was printed")
    show.say("\n   The agent of h5 sent to h6 for three seconds: megabytes per second, as h6 received them.")


def heavy_hitters(show):
    """Part 2."""
    show.title(2, "Who sends the most pings to h5?")
    example = f"python3 {EXAMPLES}/heavy_hitter.py --rounds 1 --interval {SLACK}"
    running = show.start("h1", example, background=True).ready()
    show.ping_all()
    text = show.finish(running)
    others = [host.IP() for host in show.lab.net.hosts if host.name != "h5"]
    show.check(printed_object(text) == dict.fromkeys(others, 2), "not every source was counted with exactly 2")
    show.check("h6 hits: 2times" in text, "h6 was not counted with exactly 2")
    show.say("\n   Each of the eight others sent h5 one ping and one answer: two packets, none missed, none twice.")


def flow_sizes(show):
    """Part 3."""
    show.title(3, "How many bytes flow between each two hosts of the whole network?")
    example = f"python3 {EXAMPLES}/flow_size_distrib.py --rounds 1 --interval {SLACK}"
    running = show.start("h1", example, background=True).ready()
    show.ping_all()
    text = show.finish(running, middle_left_out(4))
    flows = printed_object(text)
    measured = show.lab.net.hosts[1:]
    pairs = {f"{a.IP()},{b.IP()}" for b in measured for a in show.lab.net.hosts if a is not b}
    show.check(flows == dict.fromkeys(pairs, PAIR_BYTES), f"not all {len(pairs)} pairs have {PAIR_BYTES} bytes")
    show.say(f"\n   One question to the root, h2: all {len(pairs)} pairs into measured hosts, {PAIR_BYTES} bytes each.")


def port_scan(show):
    """Part 4."""
    show.title(4, "Is anybody trying the ports of h5?")
    running = show.start("h1", f"python3 {EXAMPLES}/portscan.py --rounds 12", background=True).ready()
    time.sleep(1)
    show.say("   h6$ nc -z 10.0.0.5 8008-8092")
    show.lab.host("h6").popen(["nc", "-z", "10.0.0.5", "8008-8092"], stdin=subprocess.DEVNULL).wait()
    text = show.finish(running)
    show.check("portscan detected." in text, "the scan was not reported")
    show.check(printed_object(text).get("10.0.0.6") == PORTS, f"h6 was not counted with {PORTS} ports")
    show.say(f"\n   Asked every 300 ms. h6 tried {PORTS} ports in one go; h1 only one: the agent's, where it asks.")


def detail(show):
    """Part 5."""
    show.title(5, "How far can an answer be trusted? Ask for the detail.")
    query = "tallytree query sketch --at 10.0.0.2 --sketch 0 --key src_dst 10.0.0.6,10.0.0.5 --detail"
    answer = json.loads(show.run("h1", query, compact) or "{}")
    bounds = [answer.get(name) for name in ("value", "lower", "upper", "exact")]
    show.check(bounds == [PAIR_BYTES, PAIR_BYTES, PAIR_BYTES, True], "the value is not exact")
    coverage, loss = answer.get("coverage", {}), answer.get("loss", {})
    show.check(coverage.get("complete") and len(coverage["answered"]) == 8, "not all eight hosts answered")
    show.check(loss.get("complete"), "packets were lost")
    show.say("\n   lower and upper are equal: the value is exact. coverage: all eight hosts are in it.")
    show.say("   loss: whatever reached the hosts was counted, or left out for a reason that is told.")


def compact(lines):
    """Print the parts of a detailed answer on one line each."""
    answer = json.loads("\n".join(lines) or "{}")
    return [f"{name + ':':10} {json.dumps(value)}" for name, value in answer.items()]


def play(options):
    """The whole demo; returns the exit status."""
    from lab.checks import check_machine
    from lab.network import Lab, say
    from mininet.log import lg

    started = time.monotonic()
    say("Tallytree: a network of nine hosts on this machine. h1 asks; h2 to h9 count their own packets.\n")
    check_machine(options)
    with Lab(options) as running:
        running.start()
        lg.setLogLevel("warning")
        say("\n".join(["", *(f"   {line}".rstrip() for line in running.drawing())]))
        show = Show(running, say)
        for part in (bandwidth, heavy_hitters, flow_sizes, port_scan, detail):
            part(show)
        say()
    if show.failures:
        say(f"The demo failed: {'; '.join(show.failures)}.")
        return 1
    say(f"Done in {time.monotonic() - started:.0f} s, and nothing is left behind.")
    say("Play with it yourself: sudo mininet/mt.py")
    return 0


def main():
    """Check for what no lab can do without, then play."""
    from lab.options import parse
    from mt import need_mininet, need_root

    need_root()
    need_mininet()
    from lab import ending

    return ending.run("demo", play, parse([]))


if __name__ == "__main__":
    sys.exit(main())
