"""A job of several processes: what each is told, and that none outlives a failure.

The programs here use no Keras; one that trains runs in test_cluster.py.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from nnlab.launching import launch

# A process started in the background or by nohup inherits that it shall ignore these.
AS_IN_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
NNLAB = [sys.executable, "-c", f"{AS_IN_A_TERMINAL}from nnlab.cli import app; app()"]
TELLS = """
import json, os
told = dict(os.environ)
if hasattr(os, "sched_getaffinity"):
    told["cores"] = sorted(os.sched_getaffinity(0))
print(json.dumps(told))
"""
NUMBER = "KERAS_DISTRIBUTION_PROCESS_ID"
WAITS = """
import os, pathlib, time
name = "pid" + os.environ["KERAS_DISTRIBUTION_PROCESS_ID"]
pathlib.Path("writing" + name).write_text(str(os.getpid()))
os.replace("writing" + name, name)
time.sleep(100)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + WAITS


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, in which programs and logs are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(code, **options):
    return launch([sys.executable, "-c", code], **{"processes": 2, "log_folder": "logs"} | options)


def told_by(logs):
    """Return what the last line of each log says, as JSON."""
    return [json.loads(path.read_text().splitlines()[-1]) for path in logs]


def process(name):
    """Return the process that has written its number to a file, once it has."""
    end = time.monotonic() + 30
    while not Path(name).exists():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return psutil.Process(int(Path(name).read_text()))


def gone(number):
    """Return whether a process ends within seconds; uncollected, it is then a zombie."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for _ in range(500):
            if psutil.Process(number).status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.01)
        return False
    return True


def test_each_process_is_told_its_number_and_where_the_others_meet(monkeypatch):
    monkeypatch.delenv("JAX_LOCAL_DEVICE_IDS", raising=False)
    logs = run(TELLS, processes=3)
    assert [str(path) for path in logs] == [str(Path("logs", f"process-{i}.log")) for i in range(3)]
    told = told_by(logs)
    assert [one["KERAS_DISTRIBUTION_PROCESS_ID"] for one in told] == ["0", "1", "2"]
    assert [one["JAX_LOCAL_DEVICE_IDS"] for one in told] == ["0", "1", "2"]  # a GPU each
    [address] = {one["KERAS_DISTRIBUTION_JOB_ADDRESSES"] for one in told}
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
    for one in told:
        assert one["KERAS_DISTRIBUTION_NUM_PROCESSES"] == "3"
        assert one["KERAS_BACKEND"] == "jax"
        assert one["JAX_COORDINATOR_BIND_ADDRESS"] == address  # not reachable from other machines
        assert one["PATH"] == os.environ["PATH"]


def test_what_the_user_has_set_of_jax_is_kept(monkeypatch):
    monkeypatch.setenv("JAX_LOCAL_DEVICE_IDS", "7")
    assert [told["JAX_LOCAL_DEVICE_IDS"] for told in told_by(run(TELLS))] == ["7", "7"]


def test_a_process_alone_may_use_every_device(monkeypatch):
    monkeypatch.delenv("JAX_LOCAL_DEVICE_IDS", raising=False)
    [told] = told_by(run(TELLS, processes=1))
    assert "JAX_LOCAL_DEVICE_IDS" not in told


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="processes can be bound to cores on Linux only"
)
def test_processes_are_bound_to_cores_on_demand_and_this_one_keeps_its_own():
    before = os.sched_getaffinity(0)
    first, second = (told["cores"] for told in told_by(run(TELLS, cores=1)))
    assert len(first) == len(second) == 1
    assert (first != second) == (len(before) > 1)
    assert [told["cores"] for told in told_by(run(TELLS))] == [sorted(before)] * 2
    assert os.sched_getaffinity(0) == before


def test_a_killed_process_ends_the_others_and_is_named(folder):
    thread = threading.Thread(target=lambda: [process("pid0"), process("pid1").kill()])
    thread.start()
    start = time.monotonic()
    with pytest.raises(
        RuntimeError,
        match=r"process 1 of 2 was ended by signal 9 \(SIGKILL\).*; the others were ended",
    ):
        run("print('so far so good')" + WAITS)
    assert time.monotonic() - start < 20
    assert gone(int(Path("pid0").read_text()))
    thread.join()


def test_an_error_is_shown_with_the_end_of_its_log():
    code = """
import os, time
if os.environ["KERAS_DISTRIBUTION_PROCESS_ID"] == "1":
    time.sleep(100)
for i in range(100):
    print(f"step {i}")
print("    @     0x7f8 C++")
1 / 0
"""
    with pytest.raises(RuntimeError) as caught:
        run(code)
    assert "process 0 of 2 exited with code 1" in str(caught.value)
    assert f"The end of {Path('logs', 'process-0.log')}:" in str(caught.value)
    assert "    step 99" in str(caught.value)
    assert "    step 9\n" not in str(caught.value)
    assert "C++" not in str(caught.value)
    assert str(caught.value).endswith("ZeroDivisionError: division by zero")


def test_the_errors_of_an_earlier_start_are_not_shown_as_those_of_this_one():
    Path("logs").mkdir()
    Path("logs/process-0.log").write_text("ValueError: yesterday's\n")
    said = []
    code = """
import os, sys
if not os.path.exists("again"):
    open("again", "w").close()
    sys.exit("TypeError: the first start's")
sys.exit(7)
"""
    with pytest.raises(RuntimeError, match="exited with code 7") as caught:
        run(code, processes=1, restarts=1, report=said.append)
    assert "the first start's" in said[1]
    assert "yesterday's" not in said[1]
    assert "Error" not in str(caught.value)
    assert "# start on " in str(caught.value)


def test_a_process_that_ignores_sigterm_is_killed_with_what_it_has_started(monkeypatch):
    monkeypatch.setattr("nnlab.launching.GRACE", 0.3)
    code = """
import os, subprocess, sys
if os.environ["KERAS_DISTRIBUTION_PROCESS_ID"] == "0":
    helper = os.environ | {"KERAS_DISTRIBUTION_PROCESS_ID": "helper"}
    subprocess.Popen([sys.executable, "-c", %r], env=helper)
    exec(%r)
while not (os.path.exists("pidhelper") and os.path.exists("pid0")): pass
sys.exit(3)
"""
    with pytest.raises(RuntimeError, match="process 1 of 2 exited with code 3"):
        run(code % (DEAF, DEAF))
    assert all(gone(int(Path(name).read_text())) for name in ("pid0", "pidhelper"))


def test_a_second_signal_ends_at_once_what_ignores_the_first():
    code = f"""
import os, subprocess, sys
helper = os.environ | {{{NUMBER!r}: "helper"}}
subprocess.Popen([sys.executable, "-c", {DEAF!r}], env=helper)
{DEAF}"""
    launcher = subprocess.Popen(
        [*NNLAB, "launch", "--", sys.executable, "-c", code], stdout=subprocess.DEVNULL
    )
    try:
        processes = process("pid0"), process("pidhelper")
        launcher.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(3) == 143  # less than what is granted after the first
    finally:
        launcher.kill()
    assert all(gone(one.pid) for one in processes)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_a_program_is_told_when_nobody_reads_its_pipe():
    [log] = launch(
        ["bash", "-c", "while :; do echo y; done | head -1; echo over"],
        processes=1,
        log_folder="logs",
    )
    assert log.read_text().splitlines()[1:] == ["y", "over"]


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="no real-time signals here")
def test_a_signal_without_a_name_and_the_end_of_a_long_log_are_described():
    code = """
import os, signal
print("x" * 1_000_000)
print("last")
os.kill(os.getpid(), signal.SIGRTMIN + 6)
"""
    message = r"was ended by signal 40 \(a real-time signal\)"
    with pytest.raises(RuntimeError, match=message) as caught:
        run(code, processes=1)
    assert str(caught.value).endswith("    last")
    assert len(str(caught.value)) < 1000


def test_the_job_is_started_again_until_it_exits_with_0_and_the_logs_are_kept():
    said = []
    code = """
import os, sys
if not os.path.exists("again"):
    open("again", "w").close()
    sys.exit("not yet")
print("well")
"""
    [log] = run(code, processes=1, restarts=2, report=said.append)
    assert re.findall("not yet|well", log.read_text()) == ["not yet", "well"]
    starts = [line[:20] for line in said if line.startswith("start")]
    assert starts == ["start 1 of at most 3", "start 2 of at most 3"]
    assert any("process 0 of 1 exited with code 1" in line for line in said)


def test_after_the_last_start_its_failure_is_raised_and_no_two_starts_share_a_port():
    code = "import os; print(os.environ['KERAS_DISTRIBUTION_JOB_ADDRESSES']); raise SystemExit(4)"
    with pytest.raises(RuntimeError, match="start 3 of 3: process 0 of 1 exited with code 4"):
        run(code, processes=1, restarts=2)
    log = Path("logs/process-0.log").read_text()
    assert len(set(re.findall(r"127\.0\.0\.1:\d+", log))) == 3


@pytest.mark.skipif(
    not shutil.which("setpriv"), reason="only Linux, by setpriv, ends a process with its parent"
)
def test_no_process_outlives_a_launcher_that_is_killed():
    launcher = subprocess.Popen(
        [*NNLAB, "launch", "--processes", "2", "--", sys.executable, "-c", DEAF]
    )
    try:
        workers = process("pid0"), process("pid1")
    finally:
        launcher.kill()
        launcher.wait()
    assert all(gone(worker.pid) for worker in workers)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_ctrl_c_sigterm_and_a_closed_terminal_end_all_processes(number, status):
    command = [*NNLAB, "launch", "--processes", "2", "--", sys.executable, "-c", WAITS]
    launcher = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        workers = process("pid0"), process("pid1")
        launcher.send_signal(number)
        output = launcher.communicate(timeout=20)[0]
    finally:
        launcher.kill()
    assert launcher.returncode == status, output
    assert "Traceback" not in output
    assert all(gone(worker.pid) for worker in workers)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": "python train.py"}, "must be a list"),
        ({"command": []}, "must be a list"),
        ({"command": ["no-such-program"]}, "no program 'no-such-program'"),
        ({"processes": 0}, "processes must be at least 1"),
        ({"restarts": -1}, "restarts must be at least 0"),
        ({"cores": 0}, "cores must be at least 1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        launch(**{"command": [sys.executable], "processes": 1, "log_folder": "logs"} | options)
    assert not Path("logs").exists()
