"""The examples for clusters: one program, the same training under each launcher that is here."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from nnlab.cli import app
from nnlab.launching import launch

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "cluster"
TRAIN = [sys.executable, str(EXAMPLES / "train.py"), "history.json"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="JAX in several processes needs POSIX")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Programs find nnlab and this Python, and nothing that Keras would import without need."""
    without = tmp_path_factory.mktemp("without")
    for name in ("tensorflow", "pandas", "matplotlib"):
        (without / f"{name}.py").write_text("raise ImportError('not for this test')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(without), str(ROOT)]))
        # Compiling takes most of the time here, computing next to none; and what two processes
        # have compiled for one launcher, they need not for the next.
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv(
            "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        )
        yield


@pytest.fixture(scope="module")
def alone(environment, tmp_path_factory):
    """The history of one process."""
    folder = tmp_path_factory.mktemp("alone")
    target = folder / "history.json"
    launch([*TRAIN[:2], str(target)], processes=1, log_folder=folder)
    history = json.loads(target.read_text())
    assert history["processes"] == 1
    assert history["accuracy"][-1] > 0.9
    return history


@pytest.fixture
def folder(environment, tmp_path, monkeypatch):
    """An empty folder, in which programs run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*command):
    """Run a command to its end, and return the history that its process 0 wrote."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(Path("history.json").read_text())


def assert_same_training(history, alone):
    assert history["processes"] == 2
    np.testing.assert_allclose(history["loss"], alone["loss"], rtol=0, atol=1e-5)


def slurm_is_here():
    """Is this machine a node of a Slurm cluster that answers?"""
    if not shutil.which("sinfo"):
        return False
    ask = ["sinfo", "--noheader", "--Node", "--format=%N"]
    said = subprocess.run(ask, capture_output=True, text=True)
    return said.returncode == 0 and socket.gethostname().split(".")[0] in said.stdout.split()


def open_mpi_is_here():
    """Is there an Open MPI whose processes JAX recognizes?"""
    if not shutil.which("mpirun"):
        return False
    said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True)
    return "(Open MPI) 4." in said.stdout


needs_slurm = pytest.mark.skipif(
    not slurm_is_here(), reason="no Slurm here: examples/cluster/single_node_slurm.sh sets it up"
)
needs_open_mpi = pytest.mark.skipif(
    not open_mpi_is_here(), reason="no Open MPI 4 here (Debian: apt-get install openmpi-bin)"
)


def test_nnlab_launch_trains_as_one_process_does(folder, alone):
    launch(TRAIN, processes=2, log_folder="logs")
    assert_same_training(json.loads(Path("history.json").read_text()), alone)


def test_an_error_in_one_process_ends_the_job_at_once(folder):
    program = (
        "import time\n"
        "from nnlab.training import join_processes\n"
        "process, count = join_processes()\n"
        "if process == 1: raise KeyError('of process 1')\n"
        "time.sleep(100)\n"
    )
    with pytest.raises(RuntimeError, match=r"process 1 of 2 exited with code 1.*(?s:.*)KeyError"):
        launch([sys.executable, "-c", program], processes=2, log_folder="logs")
    [said] = [line for line in Path("logs/process-1.log").read_text().splitlines() if "Key" in line]
    assert said == "KeyError: 'of process 1'"


@needs_slurm
def test_srun_trains_as_one_process_does(folder, alone):
    assert_same_training(run("srun", "--ntasks=2", "--kill-on-bad-exit=1", *TRAIN), alone)


@needs_slurm
def test_the_sbatch_file_trains_as_one_process_does_and_starts_again_after_a_failure(folder, alone):
    fails_first = (
        "import os, runpy, sys\n"
        "if os.environ['SLURM_STEP_ID'] == '0': sys.exit('not yet')\n"
        f"sys.argv = {TRAIN[1:]!r}\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    Path("fails_first.py").write_text(fails_first)
    one_machine = ["--nodes=1", "--ntasks-per-node=2", "--cpus-per-task=1", "--gpus-per-node=0"]
    history = run("sbatch", "--wait", *one_machine, EXAMPLES / "launch.sbatch", "fails_first.py")
    [log] = folder.glob("train-*.log")
    assert "start 2 of at most 4" in log.read_text()
    assert "start 3 of at most 4" not in log.read_text()
    assert_same_training(history, alone)


@needs_open_mpi
def test_mpirun_trains_as_one_process_does(folder, alone, monkeypatch):
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")  # as in a container
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    monkeypatch.setenv("OMPI_MCA_rmaps_base_oversubscribe", "1")  # two processes, be it on one core
    assert_same_training(run("mpirun", "-np", "2", *TRAIN), alone)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("name", ["launch.sbatch", "single_node_slurm.sh"])
def test_a_script_is_one_that_bash_can_read(name):
    subprocess.run(["bash", "-n", EXAMPLES / name], check=True)
    assert (EXAMPLES / name).read_text("utf-8").startswith("#!/bin/bash\n")


def test_the_sbatch_file_starts_a_process_for_each_gpu_and_ends_all_with_one():
    text = (EXAMPLES / "launch.sbatch").read_text("utf-8")
    lines = [line.removeprefix("#SBATCH --") for line in text.splitlines() if "#SBATCH" in line]
    options = dict(line.split("=") for line in lines if "=" in line)
    assert options["ntasks-per-node"] == options["gpus-per-node"]
    assert "srun --kill-on-bad-exit=1" in text


def test_the_kubernetes_manifest_tells_each_pod_what_the_program_reads():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all((EXAMPLES / "launch-job.yaml").read_text("utf-8"))
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    assert service["spec"]["clusterIP"] == "None"
    name = job["metadata"]["name"]
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    spec = job["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"]
    pod = spec["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"]
    [container] = pod["containers"]
    told = {variable["name"]: variable for variable in container["env"]}
    assert told["KERAS_DISTRIBUTION_JOB_ADDRESSES"]["value"] == f"{name}-0.{pod['subdomain']}:9876"
    assert told["KERAS_DISTRIBUTION_NUM_PROCESSES"]["value"] == str(spec["completions"])
    index = told["KERAS_DISTRIBUTION_PROCESS_ID"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert index == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    gpus = told["JAX_LOCAL_DEVICE_IDS"]["value"].split(",")
    assert len(gpus) == container["resources"]["limits"]["nvidia.com/gpu"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_examples_use_only_options_that_nnlab_launch_has():
    known = set()
    for parameter in get_command(app).commands["launch"].params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    text = "\n".join(path.read_text("utf-8") for path in EXAMPLES.iterdir())
    used = set()
    for words in re.findall(r"nnlab launch (.*?)(?<!\S)-- ", text):
        used |= set(re.findall(r"--[\w-]+", words))
    assert "--processes" in used
    assert used <= known
    for gone in ("--hosts", "--host-index", "--coordinator"):
        assert gone not in text
