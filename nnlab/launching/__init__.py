"""Start one training program as several processes, on one host or many, and end them all if one of them fails."""

import os
import re
import shutil
import signal
import socket
from pathlib import Path

from nnlab.launching._processes import choose_cores, run_processes, signals_as_exit

TAIL = 15  # lines of a failed process's log that are shown
TAIL_BYTES = 65_536  # of the log's end, read for them


def launch(
    command,
    *,
    processes,
    hosts=1,
    host_index=0,
    coordinator=None,
    restarts=0,
    log_folder,
    cores=None,
    report=None,
):
    """Run a program in several processes that train together, and return their log files once all have ended well.

    command: the program and its arguments. processes: how many on this host; every host starts as many.
    hosts, host_index: how many hosts there are, and which of them, from 0, this is. coordinator: ``host:port`` where
    process 0, on host 0, can be reached by all; it may be left out for one host. restarts: how often the job is
    started anew after a failure, each time with the coordinator's next port. log_folder: gets ``process-0.log``,
    ``process-1.log``, …, and what is there already is kept. cores: CPU cores that each process is bound to; by default
    they share all, as the exchange of gradients needs one to spare. report: a function that is given a line of text
    about each start and failure.

    Each process finds in its environment what ``keras.distribution.initialize()`` reads. If one ends with an error or
    is killed, the others are ended too. So are all when this call is interrupted, or receives SIGTERM or SIGHUP; on
    Linux also when it is killed.

    Raises RuntimeError naming the process that failed first, how, and the last lines of its log; ValueError for
    arguments that make no sense; OSError where there is no POSIX. Source: the documentation of
    ``keras.distribution.initialize`` and ``jax.distributed.initialize``.
    """
    _check(command, processes, hosts, host_index, coordinator, restarts, cores)
    report = report or (lambda line: None)
    first, total = host_index * processes, hosts * processes
    folder = Path(log_folder)
    folder.mkdir(parents=True, exist_ok=True)
    logs = [folder / f"process-{first + local}.log" for local in range(processes)]
    names = [f"process {first + local} of {total}" for local in range(processes)]
    for attempt in range(restarts + 1):
        address = _address(coordinator, attempt)
        report(
            f"start {attempt + 1} of at most {restarts + 1}: {names[0]} and up at {address}, logs in {folder}"
        )
        environments = [
            _environment(address, first, local, processes, hosts) for local in range(processes)
        ]
        with signals_as_exit():
            failure = run_processes(command, environments, logs, choose_cores(processes, cores))
        if failure is None:
            return logs
        message = _describe(failure, names, logs)
        if attempt < restarts:
            report(message)
    raise RuntimeError(f"start {restarts + 1} of {restarts + 1}: " * bool(restarts) + message)


def _check(command, processes, hosts, host_index, coordinator, restarts, cores):
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
    for name, number, least in (
        ("processes", processes, 1),
        ("hosts", hosts, 1),
        ("restarts", restarts, 0),
    ):
        if number < least:
            raise ValueError(f"{name} must be at least {least}, got {number}")
    if cores is not None and cores < 1:
        raise ValueError(
            f"cores must be at least 1, got {cores}: leave it out to let all share all of them"
        )
    if not 0 <= host_index < hosts:
        raise ValueError(
            f"host_index must be from 0 to {hosts - 1} for {hosts} hosts, got {host_index}"
        )
    if hosts > 1 and not coordinator:
        raise ValueError(
            f"{hosts} hosts need a coordinator: give host:port where host 0 can be reached by all"
        )
    port = re.fullmatch(r".+:(\d{1,5})", coordinator or "node0:9876")
    if not port or not 0 < int(port[1]) <= 65_535 - restarts:  # each new start takes the next one
        most = 65_535 - restarts
        raise ValueError(
            f"coordinator must be host:port like node0:9876, port 1 to {most}, got {coordinator!r}"
        )


def _address(coordinator, attempt):
    """Return host:port for a start; a port of its own each, so that no process of an earlier start joins in."""
    if coordinator:
        host, port = coordinator.rsplit(":", 1)
        return f"{host}:{int(port) + attempt}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def _environment(address, first, local, processes, hosts):
    """Return the environment variables of one process; what the user has set of JAX's own goes before."""
    chosen = {
        "KERAS_BACKEND": "jax",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(hosts * processes),
        "KERAS_DISTRIBUTION_PROCESS_ID": str(first + local),
        "PYTHONUNBUFFERED": "1",  # a log is complete when its process is killed
    }
    defaults = {
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
        "JAX_ENABLE_PREEMPTION_SERVICE": "0",  # it would swallow SIGTERM
    }
    if hosts == 1:
        defaults["JAX_COORDINATOR_BIND_ADDRESS"] = address  # else all networks could reach it
    if processes > 1:
        defaults["JAX_LOCAL_DEVICE_IDS"] = str(local)  # with GPUs: one each
    return defaults | os.environ | chosen


def _describe(failure, names, logs):
    """Return what is said of a failure: who, how, and the end of the log."""
    index, code = failure
    how = f"ended with exit code {code}"
    if code < 0:
        name = next((one.name for one in signal.Signals if one == -code), "a real-time signal")
        how = f"was ended by signal {-code} ({name})"
    if code == -signal.SIGKILL:
        how += ", by hand or by the system for want of memory"
    with logs[index].open("rb") as log:
        log.seek(max(0, logs[index].stat().st_size - TAIL_BYTES))
        lines = log.read().decode("utf-8", errors="replace").splitlines()
    lines = [line[:500] for line in lines if not re.match(r"\s+@ +0x", line)][
        -TAIL:
    ]  # not where in C++ it was
    others = "; the others were ended" if len(names) > 1 else ""
    return f"{names[index]} {how}{others}. The end of {logs[index]}:\n" + "\n".join(
        f"    {line}" for line in lines
    )
