"""How a lab's program ends: by itself, by a signal, by an error; always through its clearing up."""

import os
import signal
import sys
import threading

from lab.mark import LabError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked the lab to end; not an Exception, so that nothing on the way takes it for an error."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def watch_signals():
    """Let the first signal end the program by way of Stopped, and ignore the next ones."""
    taken = threading.Event()

    def stop(number, _frame):
        taken.set()
        ignore_signals()
        raise Stopped(number)

    for number in SIGNALS:
        signal.signal(number, stop)
    _insist(taken)


def _insist(taken):
    """Repeat a signal until it is taken: one that comes just before a read begins does not end that read."""
    coming, going = os.pipe()
    os.set_blocking(going, False)
    signal.set_wakeup_fd(going, warn_on_full_buffer=False)

    def repeat():
        number = os.read(coming, 1)[0]
        while not taken.wait(0.2):
            signal.pthread_kill(threading.main_thread().ident, number)

    threading.Thread(target=repeat, daemon=True).start()


def interrupt_by_key():
    """Give Ctrl-C back its usual meaning, for a command line that handles it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore_signals():
    """Let nothing interrupt the clearing up."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run(name, program, *arguments):
    """Run program(*arguments) and answer the exit status; name starts what is said about an error."""
    watch_signals()
    try:
        return program(*arguments) or 0
    except LabError as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Stopped, KeyboardInterrupt) as stopped:
        return 128 + getattr(stopped, "number", signal.SIGINT)
