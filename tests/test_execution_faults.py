"""Notebooks that flood their reader or fill the memory, and a run that is killed."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from test_execution import write_notebook

from nnlab.execution import _kernel, run_notebook

FLOODS = {
    "printed": "for _ in range(2000):\n    print('x' * 100_000)",
    "at once": "from IPython.display import HTML\nHTML('x' * 200_000_000)",
    "in an update": "handle = display(1, display_id=True)\nhandle.update('x' * 200_000_000)",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_200_megabytes_of_output_are_cut_off_and_reported(tmp_path, flood):
    path = write_notebook(tmp_path / "flood.ipynb", "1", FLOODS[flood], "never = True")
    result = run_notebook(path, tmp_path / "ran.ipynb", timeout=60)
    assert str(result.error).startswith("cell 2 of 3: showed more than 20,000,000 characters and was stopped")
    assert (tmp_path / "ran.ipynb").stat().st_size < 21_000_000
    cells = nbformat.read(tmp_path / "ran.ipynb", as_version=4).cells
    assert cells[1].outputs[0].data["text/plain"] == "1"
    assert cells[3].execution_count is None


def test_streams_are_joined_and_a_progress_bar_is_kept_as_its_last_line(tmp_path):
    source = """
import sys
for step in range(3):
    print(f"\\rstep {step}", end="", flush=True)
print("\\ndone")
print("careful", file=sys.stderr)
print("x" * 1_000_000)
1
"""
    path = write_notebook(tmp_path / "a.ipynb", source)
    assert run_notebook(path, tmp_path / "ran.ipynb").status == "ok"
    outputs = nbformat.read(tmp_path / "ran.ipynb", as_version=4).cells[1].outputs
    assert [output.get("name") for output in outputs] == ["stdout", "stderr", None]
    assert outputs[0].text == "step 2\ndone\n" + "x" * 1_000_000 + "\n"
    assert outputs[1].text == "careful\n"


def test_output_below_the_limit_counts_for_each_cell_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(_kernel, "MAX_OUTPUT", 1000)
    path = write_notebook(tmp_path / "a.ipynb", *["print('x' * 900)"] * 3)
    assert run_notebook(path, tmp_path / "ran.ipynb").status == "ok"


def test_what_a_cell_clears_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(_kernel, "MAX_OUTPUT", 1000)
    shows = "for _ in range(5):\n    clear_output()\n    print('x' * 900, flush=True)"
    source = f"from IPython.display import clear_output\n{shows}"
    path = write_notebook(tmp_path / "a.ipynb", source)
    assert run_notebook(path, tmp_path / "ran.ipynb").status == "ok"


@pytest.mark.parametrize("error", ["MemoryError()", "RuntimeError('RESOURCE_EXHAUSTED: Out of memory on GPU 0')"])
def test_a_full_memory_comes_with_advice(tmp_path, error):
    path = write_notebook(tmp_path / "a.ipynb", f"raise {error}")
    assert "halve BATCH_SIZE in the settings" in str(run_notebook(path, tmp_path / "ran.ipynb").error)


def test_a_cell_that_takes_more_memory_than_there_is_fails_alone(tmp_path):
    hungry = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)\nx = bytearray(8 * 2**30)"
    path = write_notebook(tmp_path / "a.ipynb", hungry)
    result = run_notebook(path, tmp_path / "ran.ipynb")
    assert str(result.error).startswith("cell 1 of 1: MemoryError")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_a_run_that_is_killed_leaves_whole_files_and_no_kernel(tmp_path):
    (tmp_path / "notebooks").mkdir()
    write_notebook(tmp_path / "notebooks" / "a.ipynb", "1")
    waits = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(300)"
    write_notebook(tmp_path / "notebooks" / "b.ipynb", waits)
    words = [sys.executable, "-c", "from nnlab.cli import app; app()", "run", "--out", "out"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, env=os.environ)
    pid, deadline = tmp_path / "notebooks" / "pid", time.monotonic() + 60
    while not (pid.exists() and pid.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    [row] = json.loads((tmp_path / "out" / "results.json").read_text())["notebooks"]
    assert (row["name"], row["status"]) == ("a", "ok")
    assert nbformat.read(tmp_path / "out" / "a.ipynb", as_version=4).cells[1].execution_count == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.ipynb", "results.json"]
    while psutil.pid_exists(int(pid.read_text())):  # the kernel sees that it is alone
        assert time.monotonic() < deadline
        time.sleep(0.1)
    write_notebook(tmp_path / "notebooks" / "b.ipynb", "2")
    assert subprocess.run(words, cwd=tmp_path, stdout=subprocess.DEVNULL, timeout=120).returncode == 0
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["notebooks"]
    assert [row["status"] for row in rows] == ["ok", "ok"]
