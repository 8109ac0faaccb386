"""A job of several processes: what each is told, and that none outlives a failure. The programs here use no Keras."""

import contextlib
import importlib.resources
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
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.launching import launch

AS_IN_A_TERMINAL = (  # a process started in the background or by nohup inherits that it shall ignore these
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
)
NNLAB = [sys.executable, "-c", f"{AS_IN_A_TERMINAL}from nnlab.cli import app; app()"]
TEMPLATES = importlib.resources.files("nnlab") / "templates"
TELLS = (
    "import json, os; print(json.dumps({**os.environ, 'cores': sorted(os.sched_getaffinity(0))}))"
)
TELLS = (
    TELLS
    if hasattr(os, "sched_getaffinity")
    else "import json, os; print(json.dumps(dict(os.environ)))"
)
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


def process(name):
    """Return the process that has written its number to a file, once it has."""
    end = time.monotonic() + 30
    while not Path(name).exists():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return psutil.Process(int(Path(name).read_text()))


def gone(number):
    """Return whether a process ends within seconds; nobody may be there to collect a dead one: it is a zombie then."""
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
    told = [json.loads(path.read_text().splitlines()[-1]) for path in logs]
    assert [one["KERAS_DISTRIBUTION_PROCESS_ID"] for one in told] == ["0", "1", "2"]
    assert [one["JAX_LOCAL_DEVICE_IDS"] for one in told] == ["0", "1", "2"]  # a GPU each
    [address] = {one["KERAS_DISTRIBUTION_JOB_ADDRESSES"] for one in told}
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
    for one in told:
        assert one["KERAS_DISTRIBUTION_NUM_PROCESSES"] == "3"
        assert one["KERAS_BACKEND"] == "jax"
        assert one["JAX_CPU_COLLECTIVES_IMPLEMENTATION"] == "gloo"
        assert one["JAX_COORDINATOR_BIND_ADDRESS"] == address  # not reachable from other machines
        assert one["PATH"] == os.environ["PATH"]


def test_the_processes_of_the_second_host_count_on(monkeypatch):
    monkeypatch.setenv("JAX_LOCAL_DEVICE_IDS", "7")  # what the user has set is kept
    logs = run(TELLS, hosts=3, host_index=1, coordinator="node0:9876")
    assert [path.name for path in logs] == ["process-2.log", "process-3.log"]
    told = [json.loads(path.read_text().splitlines()[-1]) for path in logs]
    assert [one["KERAS_DISTRIBUTION_PROCESS_ID"] for one in told] == ["2", "3"]
    for one in told:
        assert one["KERAS_DISTRIBUTION_JOB_ADDRESSES"] == "node0:9876"
        assert one["KERAS_DISTRIBUTION_NUM_PROCESSES"] == "6"
        assert one["JAX_LOCAL_DEVICE_IDS"] == "7"
        assert "JAX_COORDINATOR_BIND_ADDRESS" not in one


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="processes can be bound to cores on Linux only"
)
def test_processes_are_bound_to_cores_on_demand_and_this_one_keeps_its_own():
    before = os.sched_getaffinity(0)
    told = [json.loads(path.read_text().splitlines()[-1])["cores"] for path in run(TELLS, cores=1)]
    assert [len(cores) for cores in told] == [1, 1]
    assert (told[0] != told[1]) == (len(before) > 1)
    told = [json.loads(path.read_text().splitlines()[-1])["cores"] for path in run(TELLS)]
    assert told == [sorted(before)] * 2
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
    code = (
        "import os, time; os.environ['KERAS_DISTRIBUTION_PROCESS_ID'] == '1' and time.sleep(100)\n"
    )
    with pytest.raises(RuntimeError) as caught:
        run(code + "for i in range(100): print(f'step {i}')\nprint('    @     0x7f8 C++')\n1 / 0")
    assert "process 0 of 2 ended with exit code 1" in str(caught.value)
    assert f"The end of {Path('logs', 'process-0.log')}:" in str(caught.value)
    assert "    step 99" in str(caught.value)
    assert "    step 9\n" not in str(caught.value)
    assert "C++" not in str(caught.value)
    assert str(caught.value).endswith("ZeroDivisionError: division by zero")


def test_a_process_that_ignores_sigterm_is_killed_with_what_it_has_started(monkeypatch):
    monkeypatch.setattr("nnlab.launching._processes.GRACE", 0.3)
    code = """
import os, subprocess, sys
if os.environ["KERAS_DISTRIBUTION_PROCESS_ID"] == "0":
    subprocess.Popen([sys.executable, "-c", %r], env={**os.environ, "KERAS_DISTRIBUTION_PROCESS_ID": "helper"})
    exec(%r)
while not (os.path.exists("pidhelper") and os.path.exists("pid0")): pass
sys.exit(3)
"""
    with pytest.raises(RuntimeError, match="process 1 of 2 ended with exit code 3"):
        run(code % (DEAF, DEAF))
    assert all(gone(int(Path(name).read_text())) for name in ("pid0", "pidhelper"))


def test_a_second_signal_ends_at_once_what_ignores_the_first():
    helper = f"subprocess.Popen([sys.executable, '-c', {DEAF!r}], env=os.environ | {{{NUMBER!r}: 'helper'}})"
    code = f"import os, subprocess, sys\n{helper}\n{DEAF}"
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
    code = "import os, signal\nprint('x' * 1_000_000)\nprint('last')\nos.kill(os.getpid(), signal.SIGRTMIN + 6)"
    with pytest.raises(
        RuntimeError, match=r"was ended by signal 40 \(a real-time signal\)"
    ) as caught:
        run(code, processes=1)
    assert str(caught.value).endswith("    last")
    assert len(str(caught.value)) < 1000


def test_the_job_is_started_anew_until_it_ends_well_and_the_logs_are_kept():
    said = []
    code = "import os, sys\nif not os.path.exists('again'): open('again', 'w'); sys.exit('not yet')\nprint('well')"
    [log] = run(code, processes=1, restarts=2, report=said.append)
    assert re.findall("not yet|well", log.read_text()) == ["not yet", "well"]
    assert [line[:20] for line in said if line[:5] == "start"] == [
        f"start {k} of at most 3" for k in (1, 2)
    ]
    assert any("process 0 of 1 ended with exit code 1" in line for line in said)


def test_each_start_has_a_port_of_its_own_and_the_last_failure_is_raised():
    code = "import os; print(os.environ['KERAS_DISTRIBUTION_JOB_ADDRESSES']); raise SystemExit(4)"
    with pytest.raises(RuntimeError, match="start 3 of 3: process 0 of 1 ended with exit code 4"):
        run(code, processes=1, restarts=2, coordinator="localhost:9000")
    assert re.findall(r"localhost:\d+", Path("logs/process-0.log").read_text()) == [
        f"localhost:{port}" for port in (9000, 9001, 9002)
    ]


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere no process can ask to die with its parent"
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


def test_the_command_exits_0_1_or_2_and_says_why():
    runner = CliRunner()
    done = runner.invoke(app, ["launch", "--", sys.executable, "-c", "pass", "--lr", "3"])
    assert done.exit_code == 0, done.output
    assert str(Path("build", "launch")) in done.output
    failed = runner.invoke(
        app, ["launch", "--log-folder", "logs", sys.executable, "-c", "raise SystemExit(5)"]
    )
    assert failed.exit_code == 1
    assert "process 0 of 1 ended with exit code 5" in failed.output
    refused = runner.invoke(app, ["launch", "--hosts", "2", "--", sys.executable])
    assert refused.exit_code == 2
    assert "coordinator" in refused.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": "python train.py"}, "must be a list"),
        ({"command": []}, "must be a list"),
        ({"command": ["no-such-program"]}, "no program 'no-such-program'"),
        ({"processes": 0}, "processes must be at least 1"),
        ({"hosts": 0}, "hosts must be at least 1"),
        ({"restarts": -1}, "restarts must be at least 0"),
        ({"cores": 0}, "cores must be at least 1"),
        ({"hosts": 2}, "need a coordinator"),
        ({"hosts": 2, "host_index": 2, "coordinator": "a:1"}, "host_index must be from 0 to 1"),
        ({"coordinator": "node0"}, "must be host:port"),
        ({"coordinator": "node0:0"}, "port 1 to 65535, got 'node0:0'"),
        ({"coordinator": "node0:65535", "restarts": 1}, "port 1 to 65534"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        launch(**{"command": [sys.executable], "processes": 1, "log_folder": "logs"} | options)
    assert not Path("logs").exists()


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_the_sbatch_file_is_a_bash_script_that_starts_the_launcher():
    path = TEMPLATES / "launch.sbatch"
    subprocess.run(["bash", "-n", path], check=True)
    assert path.read_text("utf-8").startswith("#!/bin/bash\n")
    assert_options_exist(path.read_text("utf-8").split("nnlab launch")[1].split(" -- ")[0])


def test_the_kubernetes_manifest_gives_each_pod_a_name_the_coordinator_fits():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all((TEMPLATES / "launch-job.yaml").read_text("utf-8"))
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    assert service["spec"]["clusterIP"] == "None"
    spec = job["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"]
    pod = spec["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"]
    [container] = pod["containers"]
    arguments = container["args"]
    assert f"--hosts={spec['completions']}" in arguments
    assert f"--processes={container['resources']['limits']['nvidia.com/gpu']}" in arguments
    assert f"--coordinator={job['metadata']['name']}-0.{pod['subdomain']}:9876" in arguments
    assert_options_exist(" ".join(arguments[: arguments.index("--")]))


def assert_options_exist(text):
    known = CliRunner().invoke(app, ["launch", "--help"], env={"COLUMNS": "200"}).output
    options = re.findall(r"--[a-z-]+", text)
    assert len(options) >= 4
    assert not [option for option in options if option not in known]
