"""The commands run, copy, info and the help, as a person types them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import psutil
import pytest
import typer
from typer.testing import CliRunner

from nnlab.cli import _machine as machine
from nnlab.cli import app
from nnlab.cli.run import make_folder_of_models

NNLAB = [sys.executable, "-c", "from nnlab.cli import app; app()"]
STARTS_AND_WAITS = (
    "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(300)"
)

HEAVY = {"keras", "tensorflow", "jax", "torch", "numpy", "sklearn", "matplotlib"}
HEAVY |= {"nbclient", "nbconvert", "nbformat", "jinja2", "jupyter_client", "ipykernel", "pooch"}
IS_QUICK = "import os\nassert os.environ['NNLAB_QUICK'] == '1'"
IS_FULL = "import os\nassert 'NNLAB_QUICK' not in os.environ"


def nnlab(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in that has an empty folder notebooks."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_run_ends_with_a_table_and_the_place_of_the_gallery(folder, write_notebook, shows_a_record):
    write_notebook(folder / "notebooks" / "good.ipynb", IS_QUICK, shows_a_record)
    result = nnlab("run", "--quick")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("good: ok in ")
    assert lines[1].split() == ["notebook", "status", "metrics", "time"]
    assert lines[2].split()[:4] == ["good", "ok", "accuracy", "0.5"]
    assert lines[3].startswith("A quick run: ")
    assert lines[4] == f"Gallery: {Path('build', 'run', 'index.html')}"
    written = sorted(path.name for path in (folder / "build" / "run").iterdir())
    assert written == ["good.html", "good.ipynb", "index.html", "results.json"]


def test_run_shows_what_failed_runs_the_rest_and_exits_1(folder, write_notebook):
    write_notebook(folder / "bad.ipynb", "1", "[red] = 1, 2  # the source")
    (folder / "worse.ipynb").write_text("{")
    write_notebook(folder / "good.ipynb", "1")
    result = nnlab("run", "bad.ipynb", "worse.ipynb", "good.ipynb", "--out", "out")
    assert result.exit_code == 1
    assert "failed after" in result.output
    assert "in cell 2 of 2: ValueError: too many values to unpack" in result.output
    assert "    [red] = 1, 2  # the source" in result.output
    assert "Traceback" in result.output
    assert "worse: failed after 0.0 s: not a readable notebook" in result.output
    assert "good: ok" in result.output
    assert (folder / "out" / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.ipynb"], "no notebook at absent.ipynb"),
        ([], "no .ipynb in"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_run_refuses_what_cannot_be_run_without_a_trace(folder, words, message):
    result = nnlab("run", *words)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_run_says_that_it_cannot_write(folder, write_notebook):
    write_notebook(folder / "a.ipynb", "1")
    (folder / "file").write_text("")
    result = nnlab("run", "a.ipynb", "--out", "file/out")
    assert result.exit_code == 1
    assert "stopped: " in result.output
    assert "file" in result.output


@pytest.mark.parametrize("models", ["file", "file/models"])
def test_a_folder_that_models_cannot_be_kept_in_is_refused_before_anything_runs(
    folder, write_notebook, models
):
    write_notebook(folder / "a.ipynb", "1")
    (folder / "file").write_text("")
    result = nnlab("run", "a.ipynb", "--out", "out", "--models", models)
    assert result.exit_code == 2
    assert "no models can be kept in" in result.output
    assert not (folder / "out").exists()


def test_so_is_one_that_may_not_be_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(typer.BadParameter, match=r"may not be written to\): choose another"):
        make_folder_of_models(tmp_path)


def test_a_part_of_a_second_may_be_allowed_for_a_cell(folder, write_notebook):
    write_notebook(folder / "a.ipynb", "import time\ntime.sleep(5)")
    result = nnlab("run", "a.ipynb", "--timeout", "1.5", "--out", "out")
    assert "still running after 1.5 s" in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_its_kernels_keeps_what_is_done_and_exits_130(
    folder, number, write_notebook, shows_a_record
):
    write_notebook(folder / "notebooks" / "a.ipynb", IS_FULL, shows_a_record)
    write_notebook(folder / "notebooks" / "b.ipynb", "1", STARTS_AND_WAITS)
    write_notebook(
        folder / "notebooks" / "c.ipynb", "1", STARTS_AND_WAITS.replace("'pid'", "'other_pid'")
    )
    write_notebook(folder / "notebooks" / "d.ipynb", "1")
    process = start_with_ctrl_c("run", "--jobs", "2")
    try:
        pid = folder / "notebooks" / "pid"
        wait_until(
            lambda: pid.is_file() and pid.read_text() and pid.with_name("other_pid").is_file()
        )
        kernels = psutil.Process(process.pid).children(recursive=True)
        assert int(pid.read_text()) in [kernel.pid for kernel in kernels]
        process.send_signal(number)
        if number == signal.SIGTERM:
            time.sleep(0.05)
            process.send_signal(number)  # whoever is in a hurry sends it twice
        output = process.communicate(timeout=30)[0]
    finally:
        process.kill()
    assert process.returncode == 130, output
    assert not [kernel for kernel in kernels if kernel.is_running()]
    assert "Traceback" not in output
    assert output.splitlines()[-1].startswith("Gallery: ")
    out = folder / "build" / "run"
    results = json.loads((out / "results.json").read_text())["notebooks"]
    assert results[0]["name"] == "a"
    assert results[0]["records"]
    assert {row["name"]: row["status"] for row in results} == {
        "a": "ok",
        "b": "failed",
        "c": "failed",
    }
    assert all("interrupted" in row["error"] for row in results[1:])
    assert {path.name for path in out.glob("*.html")} == {
        "a.html",
        "b.html",
        "c.html",
        "index.html",
    }


def start_with_ctrl_c(*words):
    """Start nnlab so that it hears SIGINT even where these tests run in the background."""
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", hears + NNLAB[-1], *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_help_and_import_load_no_keras_and_no_matplotlib():
    code = (
        "import sys, contextlib, nnlab, nnlab.cli\n"
        "with contextlib.suppress(SystemExit): nnlab.cli.app(['--help'])\n"
        f"heavy = {HEAVY} & sys.modules.keys()\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("run", "copy", "info", "data"):
        assert f" {command} " in done.stdout


def test_run_does_not_wait_for_parsers_that_no_notebook_needs(folder):
    code = (
        "import sys, contextlib, nnlab.cli\n"
        "with contextlib.suppress(SystemExit): nnlab.cli.app(['run', 'none.ipynb'])\n"
        "print('jsonschema' in sys.modules, 'rfc3987_syntax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "no notebook at none.ipynb" in done.stderr
    assert done.stdout == "True False\n"


def test_copy_prints_a_helper_or_says_which_there_are():
    result = nnlab("copy", "plotting.plot_images")
    assert result.exit_code == 0
    assert result.output.startswith(
        "import matplotlib.pyplot as plt\nimport numpy as np\n\n\ndef plot_images("
    )
    result = nnlab("copy", "plotting.plot_image")
    assert result.exit_code == 2
    assert "plotting.plot_images" in result.output
    assert "Traceback" not in result.output


def test_info_names_versions_devices_and_folders_and_no_trace():
    done = subprocess.run([*NNLAB, "info"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {
        "nnlab",
        "python",
        "packages",
        "CPU",
        "cache",
        "network",
        "backend",
        "devices",
        "precision",
    } <= set(names)
    assert "numpy" in done.stdout


def test_info_says_that_a_backend_cannot_be_loaded():
    environment = os.environ | {"KERAS_BACKEND": "abacus"}
    done = subprocess.run([*NNLAB, "info"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "backend    cannot be loaded: ValueError" in done.stdout
    assert "abacus" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


GPU_THERE = {
    "system": "Linux",
    "hidden": False,
    "driver_gpus": 1,
    "cuda_build": True,
    "libraries": True,
}


@pytest.mark.parametrize(
    ("backend", "change", "why", "remedy"),
    [
        (
            "tensorflow",
            {"driver_gpus": None, "cuda_build": False},
            "no NVIDIA driver",
            "nvidia-smi",
        ),
        ("tensorflow", {"driver_gpus": 0}, "offers no GPU", "restart"),
        ("tensorflow", {"cuda_build": False}, "CPU-only wheel", "tensorflow[and-cuda]"),
        ("jax", {"cuda_build": False, "libraries": False}, "CPU-only wheel", "jax[cuda12]"),
        (
            "tensorflow",
            {"libraries": False},
            "libraries (cuDNN) are not found",
            "tensorflow[and-cuda]",
        ),
        ("tensorflow", {}, "could not load", "new environment"),
        ("tensorflow", {"hidden": True, "driver_gpus": 0}, "CUDA_VISIBLE_DEVICES", "unset"),
        ("tensorflow", {"system": "Darwin", "driver_gpus": None}, "macOS", "none needed"),
        ("tensorflow", {"system": "Windows"}, "Windows", "WSL 2"),
    ],
)
def test_an_absent_gpu_is_explained_with_a_remedy(backend, change, why, remedy):
    reason, advice = machine.why_no_gpu(backend, **GPU_THERE | change)
    assert why in reason
    assert remedy in advice


def test_a_variable_that_names_a_gpu_which_is_not_there_is_what_hides_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    monkeypatch.setattr(machine, "_driver_gpus", lambda: 0)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    assert "CUDA_VISIBLE_DEVICES hides it" in dict(machine.hardware())["GPU"]
