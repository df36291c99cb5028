"""How a lab marks what it makes, keeps other labs out, and finds its things again to remove them.

Processes carry an environment variable, network interfaces a group number, Open vSwitch bridges an external id;
each gets it in the moment it is made. Nothing without the mark is ever ended or removed. The mark survives a
killed lab, so that the next one can clear up after it without guessing.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time

DIRECTORY = "/run/tallytree-lab"
VARIABLE = "TALLYTREE_LAB"
GROUP = "1952541817"
OVS_KEY = "tallytree-lab"


class LabError(Exception):
    """Something the person at the keyboard should know, in one sentence."""


def take_lock(directory=DIRECTORY):
    """Make the lab's directory and hold its lock; the answer must be kept open. LabError when a lab runs."""
    path = os.path.join(directory, "lock")
    while True:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        lock = open(path, "a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise LabError(f"another lab is running (process {owner}); leave it with 'exit' first") from None
        if _still_there(path, lock):
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            return lock
        lock.close()


def _still_there(path, lock):
    """Whether the locked file is the one at the path: the lab before us may have removed it in between."""
    try:
        return os.stat(path).st_ino == os.fstat(lock.fileno()).st_ino
    except FileNotFoundError:
        return False


def marked_processes():
    """The numbers of all processes that were started in a lab's hosts or switches."""
    wanted = f"{VARIABLE}=".encode()
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        if int(entry) != os.getpid() and any(item.startswith(wanted) for item in variables):
            found.append(int(entry))
    return found


def end_processes():
    """End all marked processes, politely first (a shell minds only the hang-up). Returns how many there were."""
    first = left = marked_processes()
    for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGHUP, 1.0), (signal.SIGKILL, 3.0)):
        _signal_all(left, number)
        deadline = time.monotonic() + patience
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = marked_processes()
    return len(first)


def _signal_all(numbers, number):
    for pid in numbers:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def links():
    """All network interfaces of this network namespace: {name: whether it is ours}."""
    text = subprocess.run(["ip", "-j", "link", "show"], check=True, capture_output=True, text=True).stdout
    return {link["ifname"]: link.get("group") == GROUP for link in json.loads(text or "[]") if "ifname" in link}


def remove_links():
    """Remove the interfaces of our group. Returns their names."""
    ours = sorted(name for name, mine in links().items() if mine)
    for name in ours:
        subprocess.run(["ip", "link", "del", "dev", name], check=False, stderr=subprocess.DEVNULL)
    return ours


def remove_ovs_bridges():
    """Remove the bridges with our external id from a running Open vSwitch. Returns their names."""
    if not shutil.which("ovs-vsctl"):
        return []
    find = ["ovs-vsctl", "--timeout=2", "--bare", "--columns=name", "find", "Bridge", f"external_ids:{OVS_KEY}=yes"]
    names = subprocess.run(find, check=False, capture_output=True, text=True).stdout.split()
    for name in names:
        subprocess.run(["ovs-vsctl", "--timeout=5", "--if-exists", "del-br", name], check=False)
    return names


def remove_abandoned_taps(directory=DIRECTORY):
    """Remove the devices that a killed Open vSwitch of ours keeps (it makes them lasting). Returns their names."""
    database = os.path.join(directory, "openvswitch", "conf.db")
    if not os.path.exists(database):
        return []
    wanted = {"op": "select", "table": "Bridge", "where": [], "columns": ["name"]}
    query = ["ovsdb-tool", "query", database, json.dumps(["Open_vSwitch", wanted])]
    answer = subprocess.run(query, check=False, capture_output=True, text=True).stdout
    names = [row["name"] for result in json.loads(answer or "[]") for row in result["rows"]]
    present = [name for name in names if name in links()]
    for name in present:
        subprocess.run(["ip", "link", "del", "dev", name], check=False, stderr=subprocess.DEVNULL)
    return present


def clear(directory=DIRECTORY):
    """Remove all that carries the mark, and what is in the directory, except the lock. Returns what it was."""
    processes = end_processes()
    bridges = remove_ovs_bridges() + remove_abandoned_taps(directory)
    removed = remove_links()
    clear_directory(directory)
    switches = sorted(set(bridges) | {name for name in removed if "-" not in name})
    veths = [name for name in removed if "-" in name]
    parts = []
    if switches:
        parts.append("the bridges " + " ".join(switches))
    if veths:
        parts.append(f"{len(veths)} interfaces")
    if processes:
        parts.append(f"{processes} processes")
    return ", ".join(parts)


def clear_directory(directory=DIRECTORY):
    """Empty the lab's directory; the lock stays, it is held."""
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        elif entry.name != "lock":
            os.unlink(entry.path)


def release_lock(lock, directory=DIRECTORY):
    """Remove the lab's directory and let the next lab in."""
    shutil.rmtree(directory, ignore_errors=True)
    lock.close()
