"""What must be so before a lab can start; each failing is told in one sentence that says what to do."""

import os
import shlex
import shutil
import subprocess

from lab.mark import LabError, links

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MONITOR = f"{ROOT}/dist/monitor/main.js"
AGENT = f"{ROOT}/dist/agent/main.js"
ADDON = f"{ROOT}/build/Release/tallytree.node"
GUARD = f"{ROOT}/build/Release/tallytree-guard"
COMMAND = f"{ROOT}/dist/controller-client/cli/main.js"
BRIDGE_SWITCH = "/proc/sys/net/bridge/bridge-nf-call-iptables"


def check_machine(options):
    """Everything that can be seen without changing anything. LabError says what is wrong."""
    check_built(options)
    check_tools(options)
    if options.switch == "lxbr":
        check_firewall()


def check_built(options):
    """The programs are compiled; the nfqueue tap has one more."""
    parts = [MONITOR, AGENT, COMMAND, ADDON] + ([GUARD] if options.tap == "nfqueue" else [])
    if not all(map(os.path.exists, parts)):
        raise LabError(f"Tallytree is not built: run 'npm run setup' in {ROOT} first")


def check_tools(options):
    """The commands that a lab calls are installed."""
    needed = {"node": "nodejs, version 20.19 or later", "ip": "iproute2", "ping": "iputils-ping"}
    needed.update({"ifconfig": "net-tools", "mnexec": "mininet"})
    if options.switch == "ovsbr":
        needed.update(dict.fromkeys(("ovs-vsctl", "ovs-vswitchd"), "openvswitch-switch"), ethtool="ethtool")
    if options.link_rate is not None:
        needed["tc"] = "iproute2"
    for command, package in needed.items():
        if not shutil.which(command):
            raise LabError(f"the command '{command}' is missing from this PATH: install the package {package}")
    if options.switch == "ovsbr" and options.switch_args.get("datapath") != "user":
        _check_kernel_datapath()


def _check_kernel_datapath():
    loaded = os.path.exists("/sys/module/openvswitch")
    if not loaded and subprocess.run(["modprobe", "openvswitch"], check=False, capture_output=True).returncode:
        raise LabError("this kernel has no openvswitch module: add --switch-args datapath=user")


def check_firewall():
    """The machine's own firewall lets bridged packets pass (Docker's does not)."""
    if not _sends_bridged_packets_to_iptables():
        return
    for command in ("iptables", "iptables-legacy"):
        if shutil.which(command):
            listing = subprocess.run([command, "-S", "FORWARD"], check=False, capture_output=True, text=True).stdout
            if not lets_pass(listing.splitlines()):
                raise LabError(
                    "this machine's firewall drops forwarded packets (as Docker sets it up) and would stop the lab's"
                    " traffic: run 'sysctl -w net.bridge.bridge-nf-call-iptables=0' first,"
                    " or use --switch ovsbr --switch-args datapath=user"
                )


def _sends_bridged_packets_to_iptables():
    try:
        with open(BRIDGE_SWITCH, encoding="ascii") as file:
            return file.read().strip() == "1"
    except FileNotFoundError:
        return False


def lets_pass(rules):
    """Whether an iptables FORWARD chain, as `iptables -S FORWARD` prints it, lets the lab's packets pass.

    Only rules that hold for every bridged packet decide here; rules about other traffic are passed over.
    """
    for rule in rules:
        words = shlex.split(rule)
        if words[:2] == ["-A", "FORWARD"] and "-j" in words:
            conditions = words[2 : words.index("-j")]
            target = words[words.index("-j") + 1]
            if conditions in ([], ["-m", "physdev", "--physdev-is-bridged"]):
                if target in ("ACCEPT", "DROP", "REJECT"):
                    return target == "ACCEPT"
    return not any(rule.split()[:3] == ["-P", "FORWARD", "DROP"] for rule in rules)


def check_names(switches):
    """No interface of somebody else's has a name that the lab is about to use."""
    wanted = set(switches)
    for name, ours in links().items():
        if not ours and name.split("-eth")[0] in wanted:
            raise LabError(
                f"a network interface '{name}' exists that no Tallytree lab made (another Mininet?):"
                f" leave that lab, or remove it with 'ip link del {name}'"
            )
