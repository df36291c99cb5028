"""Mininet's command line, made safe to drive through a pipe and to leave with Ctrl-C."""

import subprocess
import sys
import time

from mininet.cli import CLI
from mininet.log import error, output

PATIENCE = 2.0


class LabConsole(CLI):
    """Mininet's command line.

    Lines that come through a pipe are never given to the command that is running, as Mininet does: each is
    a command of its own. A line that is not a whole shell command is refused instead of waited for.
    """

    def initReadline(self):
        """Keep a history only for somebody who types."""
        if self.isatty():
            super().initReadline()

    def run(self):
        """Read commands until the end; at a prompt, Ctrl-C twice ends the lab."""
        last = -PATIENCE
        while True:
            try:
                return self._read_commands()
            except KeyboardInterrupt:
                now = time.monotonic()
                if now - last < PATIENCE:
                    raise
                last = now
                output("\nInterrupt (press Ctrl-C again, or type 'exit', to end the lab)\n")

    def _read_commands(self):
        for node in self.mn.values():
            while node.waiting:
                node.sendInt()
                node.waitOutput()
        if self.isatty():
            subprocess.run(["stty", "echo", "sane", "intr", "^C"], check=False)
        self.cmdloop()

    def precmd(self, line):
        """Take comments out of Mininet's own commands; a host's shell knows what is a comment and what is quoted."""
        first = line.split(maxsplit=1)[:1]
        if first and first[0] in self.mn:
            return line
        return line.split("#")[0]

    def default(self, line):
        """Run a command in a host, if it is a whole one."""
        name, _, command = line.strip().partition(" ")
        if name in self.mn and command:
            nowhere = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            if subprocess.run(["bash", "-n", "-c", command], check=False, **nowhere).returncode:
                error(f"*** not a whole command: {command}\n")
                return
        super().default(line)

    def do_EOF(self, line):
        """End of the input: leave."""
        output("\n")
        return self.do_exit(line)

    def waitForNode(self, node):
        """Print a command's output until it ends; what is typed meanwhile goes to it, what is piped does not."""
        if self.isatty():
            super().waitForNode(node)
            return
        while node.waiting:
            output(node.monitor())
            sys.stdout.flush()
