"""The hosts and switches of a lab: Mininet's own, with the lab's mark and environment."""

import os
import shutil
import subprocess

from mininet.link import Link, TCLink
from mininet.node import Host, OVSBridge
from mininet.nodelib import LinuxBridge

from lab.mark import DIRECTORY, GROUP, OVS_KEY, VARIABLE, LabError

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment():
    """What every process of the lab inherits: the mark, a PATH with our commands and the system's Python first.

    No proxy: there is no way out of a lab.
    """
    path = f"{DIRECTORY}/bin:{SYSTEM_PATH}:{os.environ.get('PATH', '')}"
    outside = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**outside, VARIABLE: str(os.getpid()), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


class Marked:
    """Mixed into a node: its shell and all it starts carry the mark."""

    def _popen(self, cmd, **params):
        params.setdefault("env", environment())
        return super()._popen(cmd, **params)


class LabHost(Marked, Host):
    """A host of the lab."""


class LabBridge(Marked, LinuxBridge):
    """A Linux bridge; needs no controller."""

    @classmethod
    def setup(cls):
        """Nothing: what stops bridged packets was checked before the lab started."""

    def start(self, _controllers):
        """Make the bridge, marked, with all ports of this switch."""
        spanning = f"stp_state {int(bool(self.stp))} priority {self.prio}"
        self.cmd(f"ip link add name {self} group {GROUP} type bridge {spanning}")
        for intf in self.intfList():
            if self.name in intf.name:
                self.cmd(f"ip link set dev {intf} master {self}")
        self.cmd(f"ip link set dev {self} up")

    def stop(self, deleteIntfs=True):
        """Remove the bridge and its ports."""
        self.cmd(f"ip link del dev {self}")
        super(LinuxBridge, self).stop(deleteIntfs)


class LabOvsBridge(Marked, OVSBridge):
    """An Open vSwitch bridge without a controller."""

    def bridgeOpts(self):
        """What the bridge is made with: Mininet's choice and our mark."""
        return f"{super().bridgeOpts()} external_ids:{OVS_KEY}=yes"


class MarkedLink:
    """Mixed into a link: both of its ends carry the mark."""

    @classmethod
    def makeIntfPair(cls, intfname1, intfname2, addr1=None, addr2=None, node1=None, node2=None, deleteIntfs=True):
        """Make the two ends, each in its node's network namespace. Raises Exception when one exists already."""
        ends = [f"name {intfname1} group {GROUP}", f"name {intfname2} group {GROUP} netns {node2.pid}"]
        first, second = (f"{end} address {addr}" if addr else end for end, addr in zip(ends, (addr1, addr2)))
        trouble = node1.cmd(f"ip link add {first} type veth peer {second}")
        if trouble:
            raise Exception(f"no link between {intfname1} and {intfname2}: {trouble.strip()}")


class LabLink(MarkedLink, Link):
    """A link of the lab."""


class LimitedLink(MarkedLink, TCLink):
    """A link of the lab with a limited rate."""


class WholeChecksumHost(LabHost):
    """A host for Open vSwitch's user-space datapath, which forwards packets as they are handed to it.

    With offloads on, a veth hands over packets without a checksum and longer than the MTU.
    """

    def config(self, **params):
        """Configure the interface and switch its offloads off."""
        result = super().config(**params)
        for intf in self.intfNames():
            self.cmd("ethtool", "-K", intf, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        return result


def host_class(options):
    """The class of hosts that fits the switches."""
    in_user_space = options.switch == "ovsbr" and options.switch_args.get("datapath") == "user"
    return WholeChecksumHost if in_user_space else LabHost


def switch_maker(options):
    """A function that makes a switch, for Mininet."""
    chosen = LabBridge if options.switch == "lxbr" else LabOvsBridge
    return lambda name, **params: chosen(name, **{**params, **options.switch_args})


def link_maker(options):
    """A function that makes a link, for Mininet: limited in rate when one is asked for."""
    if options.link_rate is None:
        return LabLink
    return lambda *args, **params: LimitedLink(*args, **{**params, "bw": options.link_rate})


class OpenVSwitch:
    """Open vSwitch's two daemons: the machine's when they run, else our own in the lab's directory.

    Ours keep their database there too, so that the machine's configuration stays as it was.
    """

    SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"

    def __init__(self, directory=DIRECTORY):
        self.directory = os.path.join(directory, "openvswitch")
        self.ours = False

    def start(self):
        """Start the daemons unless they answer already. LabError when they do not start."""
        if self._answers():
            return
        os.makedirs(self.directory)
        os.environ.update(OVS_RUNDIR=self.directory, OVS_LOGDIR=self.directory)
        self.ours = True
        database = f"{self.directory}/conf.db"
        socket = f"{self.directory}/db.sock"
        self._run("ovsdb-tool", "create", database, self.SCHEMA)
        self._run("ovsdb-server", database, f"--remote=punix:{socket}", *self._daemon("ovsdb-server"))
        self._run("ovs-vsctl", "--no-wait", "init")
        self._run("ovs-vswitchd", f"unix:{socket}", *self._daemon("ovs-vswitchd"))

    def stop(self):
        """Stop the daemons that start() started, and forget their directory."""
        if not self.ours:
            return
        for name in ("ovs-vswitchd", "ovsdb-server"):
            subprocess.run(["ovs-appctl", "-t", name, "exit"], check=False, stderr=subprocess.DEVNULL)
        for name in ("OVS_RUNDIR", "OVS_LOGDIR"):
            os.environ.pop(name, None)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _daemon(self, name):
        log = f"--log-file={self.directory}/{name}.log"
        return ["--pidfile", "--detach", "--no-chdir", "-vconsole:off", log]

    @staticmethod
    def _answers():
        return subprocess.run(["ovs-vsctl", "-t", "2", "show"], check=False, capture_output=True).returncode == 0

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
        if done.returncode:
            raise LabError(f"Open vSwitch does not start: {command[0]}: {done.stderr.strip() or done.returncode}")
