"""The processes of one start: begun, bound to cores, watched, and all ended if one of them fails."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

GRACE = 5  # seconds from asking a process to end (SIGTERM) to ending it (SIGKILL)
# Linux ends a process that has asked for it when its parent dies: prctl(PR_SET_PDEATHSIG, SIGKILL).
# SIGPIPE and SIGXFSZ, which Python ignores, mean again what they mean to other programs.
LEASH = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def choose_cores(processes, cores):
    """Return a set of CPU cores for each process, or None where it may use all, or cannot be bound (macOS)."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        return [None] * processes
    usable = sorted(os.sched_getaffinity(0))
    each = min(cores, len(usable))
    return [
        {usable[(local * each + i) % len(usable)] for i in range(each)}
        for local in range(processes)
    ]


@contextmanager
def _bound_to(cores):
    """Bind this thread to CPU cores, as what is started in here will be; None leaves it alone."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def signals_as_exit():
    """Let SIGTERM and SIGHUP raise SystemExit in here, so that what was started is ended; main thread only."""
    if threading.current_thread() is not threading.main_thread():  # no other may ask for signals
        yield
        return

    def leave(number, frame):
        raise SystemExit(128 + number)

    numbers = [
        one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) != signal.SIG_IGN
    ]  # nohup
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_processes(command, environments, logs, cores):
    """Run all processes to their end; return None, or (index, exit code) of the first to fail."""
    ended, running = queue.SimpleQueue(), []
    if sys.platform == "linux":
        command = [sys.executable, "-IS", "-c", LEASH, *command]
    try:
        for index, (environment, path) in enumerate(zip(environments, logs, strict=True)):
            with path.open("ab", buffering=0) as log, _bound_to(cores[index]):
                log.write(time.strftime("# start on %Y-%m-%d at %H:%M:%S\n").encode())
                process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            running.append(process)
            # A thread for each: whoever ends first is in the queue first, be it by a millisecond.
            threading.Thread(
                target=lambda i=index, p=process: ended.put((i, p.wait())), daemon=True
            ).start()
        for _ in running:
            index, code = ended.get()
            if code != 0:
                return index, code
        return None
    finally:
        _end(running)


def _end(running):
    """End all processes and what they have started: ask, wait for a while, then insist."""
    alive = [process for process in running if process.poll() is None]
    for process in alive:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    try:
        while any(process.poll() is None for process in alive) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:  # also when a second signal says not to wait
        for process in running:
            _signal_group(process, signal.SIGKILL)
        for process in alive:
            process.wait()


def _signal_group(process, number):
    with suppress(
        ProcessLookupError, PermissionError
    ):  # none is left; macOS says the latter of zombies
        os.killpg(process.pid, number)
