"""One training program in several processes of this host, which all end if one of them fails."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE = 5  # seconds from asking a process to end (SIGTERM) to ending it (SIGKILL)
TAIL = 15  # lines of a failed process's log that are shown
TAIL_BYTES = 65_536  # of the log's end, read for them


def launch(command, *, processes, log_folder, restarts=0, cores=None, report=None):
    """Run a program in several processes that train together; return their log files at the end.

    command: the program and its arguments, a list.
    processes: how many; with GPUs, one for each.
    log_folder: gets ``process-0.log``, ``process-1.log``, …; what they hold already is kept.
    restarts: how often the job is started again after a failure.
    cores: CPU cores that each process is bound to (Linux); by default they share all of them, as
    the exchange of gradients needs one to spare.
    report: a function that is given a line of text about each start and failure.

    Each process finds in its environment what ``keras.distribution.initialize()`` reads: where
    process 0 listens (``KERAS_DISTRIBUTION_JOB_ADDRESSES``), how many there are
    (``KERAS_DISTRIBUTION_NUM_PROCESSES``) and which of them it is
    (``KERAS_DISTRIBUTION_PROCESS_ID``). Where these are absent, JAX asks Slurm or Open MPI, so that
    one program runs under each of them.

    If one process fails or is killed, the others are ended too. So are all when this call is
    interrupted, or receives SIGTERM or SIGHUP; on Linux also when it is killed.

    Raises RuntimeError naming the process that failed first, how, and the last lines of its log;
    ValueError for arguments that make no sense; OSError where there is no POSIX. Source: the
    documentation of ``keras.distribution.initialize`` and ``jax.distributed.initialize``.
    """
    _check(command, processes, restarts, cores)
    folder = Path(log_folder)
    folder.mkdir(parents=True, exist_ok=True)
    logs = [folder / f"process-{index}.log" for index in range(processes)]
    for start in range(1, restarts + 2):
        address = _free_address()
        begins = [path.stat().st_size if path.exists() else 0 for path in logs]
        if report:
            report(f"start {start} of at most {restarts + 1} at {address}, logs in {folder}")
        with _signals_as_exit():
            failure = _run(command, address, logs, cores)
        if failure is None:
            return logs
        message = _describe(*failure, logs, begins)
        if report and start <= restarts:
            report(message)
    if restarts:
        message = f"start {restarts + 1} of {restarts + 1}: {message}"
    raise RuntimeError(message)


def _check(command, processes, restarts, cores):
    """Refuse arguments that make no sense."""
    if os.name != "posix":
        raise OSError(
            "several processes that train together need Linux or macOS; on Windows, use WSL 2"
        )
    if isinstance(command, str | os.PathLike) or not command:
        raise ValueError(f'command must be a list like ["python", "train.py"], got {command!r}')
    if not shutil.which(command[0]):
        raise ValueError(
            f"there is no program {str(command[0])!r}: give its path, or add its folder to PATH"
        )
    if processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    if restarts < 0:
        raise ValueError(f"restarts must be at least 0, got {restarts}")
    if cores is not None and cores < 1:
        raise ValueError(
            f"cores must be at least 1, got {cores}: leave it out to let all share all of them"
        )


def _free_address():
    """Return host:port for process 0; each start has its own, so that no two of them meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def _environment(address, index, processes):
    """Return the environment of one process; what the user has set of JAX is kept."""
    defaults = {
        "JAX_COORDINATOR_BIND_ADDRESS": address,  # else all networks could reach it
        "JAX_ENABLE_PREEMPTION_SERVICE": "0",  # it would swallow SIGTERM
    }
    if processes > 1:
        defaults["JAX_LOCAL_DEVICE_IDS"] = str(index)  # with GPUs: one each
    chosen = {
        "KERAS_BACKEND": "jax",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes),
        "KERAS_DISTRIBUTION_PROCESS_ID": str(index),
        "PYTHONUNBUFFERED": "1",  # a log is complete when its process is killed
    }
    return defaults | os.environ | chosen


def _run(command, address, logs, cores):
    """Run all processes to their end; return None, or (index, exit code) of the first to fail."""
    ended = queue.SimpleQueue()
    running = []

    def wait(index, process):
        ended.put((index, process.wait()))

    try:
        for index, path in enumerate(logs):
            with path.open("ab", buffering=0) as log:
                log.write(time.strftime("# start on %Y-%m-%d at %H:%M:%S\n").encode())
                process = subprocess.Popen(
                    [*_leash(), *_bound(index, cores), *command],
                    env=_environment(address, index, len(logs)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            running.append(process)
            # A thread for each: whoever ends first is in the queue first, be it by a millisecond.
            threading.Thread(target=wait, args=(index, process), daemon=True).start()
        for _ in running:
            index, code = ended.get()
            if code != 0:
                return index, code
        return None
    finally:
        _end(running)


def _leash():
    """Return what to put before a command that Linux shall kill when its parent, this, is gone."""
    if sys.platform != "linux" or not shutil.which("setpriv"):  # of util-linux
        return []
    return ["setpriv", "--pdeathsig", "KILL"]


def _bound(index, cores):
    """Return what to put before a command that may use so many CPU cores; macOS cannot do that."""
    if cores is None or not shutil.which("taskset"):  # of util-linux
        return []
    usable = sorted(os.sched_getaffinity(0))
    each = min(cores, len(usable))
    chosen = [str(usable[(index * each + i) % len(usable)]) for i in range(each)]
    return ["taskset", "--cpu-list", ",".join(chosen)]


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
    # None of them may be left; macOS says of zombies that they are not ours.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@contextmanager
def _signals_as_exit():
    """Let SIGTERM and SIGHUP raise SystemExit in here, so that what was started is ended."""
    if threading.current_thread() is not threading.main_thread():  # no other may set handlers
        yield
        return

    def leave(number, frame):
        raise SystemExit(128 + number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _describe(index, code, logs, begins):
    """Return what is said of a failure: who, how, and the end of the log.

    begins: bytes that each log had before this start; an earlier one's errors are not shown.
    """
    how = f"exited with code {code}"
    if code < 0:
        how = f"was ended by signal {-code} ({_signal_name(-code)})"
    if code == -signal.SIGKILL:
        how += ", by hand or by the system for want of memory"
    if len(logs) > 1:
        how += "; the others were ended"
    with logs[index].open("rb") as log:
        log.seek(max(begins[index], logs[index].stat().st_size - TAIL_BYTES))
        lines = log.read().decode("utf-8", errors="replace").splitlines()
    told = [line for line in lines if not re.match(r"\s+@ +0x", line)]  # not where in C++ it was
    end = "\n".join(f"    {line[:500]}" for line in told[-TAIL:])
    return f"process {index} of {len(logs)} {how}. The end of {logs[index]}:\n{end}"


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "a real-time signal"
