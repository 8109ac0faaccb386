"""Notebooks that are broken, flood their reader or fill the memory, and a run that is killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import nbformat
import psutil
import pytest

from nnlab.cli import _kernel
from nnlab.cli._failure import message_of
from nnlab.cli._gallery import write_gallery
from nnlab.cli._notebooks import find_notebooks, run_notebooks
from nnlab.cli._writing import write_whole

FLOODS = {
    "printed": "for _ in range(400):\n    print('x' * 100_000)",
    "at once": "from IPython.display import HTML\nHTML('x' * 40_000_000)",
    "in an update": "handle = display(1, display_id=True)\nhandle.update('x' * 40_000_000)",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_40_megabytes_of_output_are_cut_off_and_reported(tmp_path, flood, write_notebook, run_one):
    path = write_notebook(tmp_path / "flood.ipynb", "1", FLOODS[flood], "never = True")
    result = run_one(path, tmp_path / "out", timeout=60)
    assert str(result.error).startswith(
        "cell 2 of 3: showed more than 20,000,000 characters and was stopped"
    )
    assert (tmp_path / "out" / path.name).stat().st_size < 21_000_000
    cells = nbformat.read(tmp_path / "out" / path.name, as_version=4).cells
    assert cells[1].outputs[0].data["text/plain"] == "1"
    assert cells[3].execution_count is None


CLEARS = """
from IPython.display import clear_output
for _ in range(5):
    clear_output()
    print("x" * 900, flush=True)
"""
REPLACES = """
handle = display("", display_id=True)
for _ in range(5):
    handle.update("x" * 800)
"""


def test_output_counts_for_each_cell_alone_and_without_what_was_cleared_or_replaced(
    tmp_path, monkeypatch, write_notebook, run_one
):
    monkeypatch.setattr(_kernel, "MAX_OUTPUT", 1000)
    prints = ["print('x' * 900)"] * 3
    path = write_notebook(tmp_path / "a.ipynb", *prints, CLEARS, REPLACES)
    result = run_one(path, tmp_path / "out")
    assert result.status == "ok", str(result.error)


@pytest.mark.parametrize("then", ["handle.update('')", "clear_output()"])
def test_a_cell_that_showed_too_much_is_not_forgiven(
    tmp_path, monkeypatch, then, write_notebook, run_one
):
    monkeypatch.setattr(_kernel, "MAX_OUTPUT", 1000)
    shows = "handle = display('x' * 600, display_id=True)\nprint('x' * 600, flush=True)"
    path = write_notebook(
        tmp_path / "a.ipynb", f"from IPython.display import clear_output\n{shows}\n{then}"
    )
    result = run_one(path, tmp_path / "out")
    assert "showed more than" in str(result.error)


def test_all_places_of_a_display_count_when_one_update_fills_them(
    tmp_path, monkeypatch, write_notebook, run_one
):
    monkeypatch.setattr(_kernel, "MAX_OUTPUT", 5000)
    shows = "for _ in range(20):\n    display('', display_id='one')"
    update = (
        "from IPython.display import update_display\nupdate_display('x' * 400, display_id='one')"
    )
    path = write_notebook(tmp_path / "a.ipynb", shows, update)
    assert str(run_one(path, tmp_path / "out").error).startswith("cell 2 of 2: showed more than")


def test_an_error_of_any_length_is_kept_in_short(tmp_path, write_notebook):
    path = write_notebook(tmp_path / "a.ipynb", "raise ValueError('x' * 5_000_000)")
    [result] = run_notebooks([path], tmp_path / "out")
    assert result.error.message.startswith("ValueError: xxx")
    write_gallery(tmp_path / "out")
    assert all(file.stat().st_size < 200_000 for file in (tmp_path / "out").iterdir())


WRONG_OUTPUT = (
    "from IPython.display import display\ndisplay({'text/plain': '', 'image/png': 5}, raw=True)"
)
FORGED = """
kernel = get_ipython().kernel
kernel.session.send(kernel.iopub_socket, "error", {}, parent=kernel.get_parent(), ident=b"error")
"""
BROKEN = {
    "a forged message": {"source": FORGED},
    "an output of a wrong form": {"source": WRONG_OUTPUT},
    "half a pair": {"source": "x = '\udc00'"},
    "half a pair in prose": {"cell_type": "markdown", "source": "\udc00"},
    "an attachment without content": {"cell_type": "markdown", "source": "![](attachment:a.png)"},
    "a version that is none": {"nbformat": True},
    "a minor version that is none": {"nbformat_minor": 5.0},
}


@pytest.fixture(scope="module")
def broken_and_good(tmp_path_factory, write_notebook):
    """Results by name, and the gallery, of each broken notebook and a good one at the end."""
    folder = tmp_path_factory.mktemp("broken")
    paths = [write_broken(folder / f"{fault}.ipynb", fault, write_notebook) for fault in BROKEN]
    paths.append(write_notebook(folder / "good.ipynb", "6 * 7"))
    results = run_notebooks(paths, folder / "out")
    found = {result.name: result for result in results}
    return found, write_gallery(folder / "out").read_text("utf-8")


def write_broken(path, fault, write_notebook):
    """Write a notebook whose first cell, or which as a whole, has the fault; return its path."""
    notebook = json.loads(write_notebook(path, "1").read_text())
    for name, value in BROKEN[fault].items():
        (notebook if name in notebook else notebook["cells"][1])[name] = value
    if "attachment" in fault:
        notebook["cells"][1]["attachments"] = {"a.png": {}}
    if BROKEN[fault].get("cell_type") == "markdown":
        del notebook["cells"][1]["outputs"], notebook["cells"][1]["execution_count"]
    path.write_text(json.dumps(notebook))
    return path


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_notebook_is_reported(broken_and_good, fault):
    result = broken_and_good[0][fault]
    prose = "prose" in fault or "attachment" in fault  # no cell fails by it
    assert result.status == ("ok" if prose else "failed")
    reasons = "not a readable notebook|cell 1 of 1: (UnicodeEncode|NotebookValidation|Key)Error"
    assert prose or re.search(reasons, str(result.error))


def test_after_broken_notebooks_the_others_are_run_and_shown(broken_and_good):
    results, gallery = broken_and_good
    assert list(results) == [*BROKEN, "good"]
    assert results["good"].status == "ok"
    assert all(f"{quote(name)}.html" in gallery or name in gallery for name in results)


def test_a_name_that_is_no_text_is_refused_before_anything_runs(tmp_path, write_notebook):
    write_notebook(tmp_path / "a.ipynb", "1").rename(
        os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.ipynb")
    )
    with pytest.raises(ValueError, match="no text that can be shown: rename the file"):
        find_notebooks([tmp_path], tmp_path / "out")


def test_an_endless_cell_that_may_raise_fails_all_the_same(tmp_path, write_notebook, run_one):
    path = write_notebook(tmp_path / "a.ipynb", "while True:\n    pass", "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    result = run_one(path, tmp_path / "out", timeout=1)
    assert str(result.error).startswith("cell 1 of 2: TimeoutError: still running after 1 s")


def test_a_kernel_that_does_not_start_is_reported_with_its_last_words(
    tmp_path, monkeypatch, write_notebook, run_one
):
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # Python finds no library there
    path = write_notebook(tmp_path / "a.ipynb", "1")
    error = str(run_one(path, tmp_path / "out").error)
    assert error.startswith("the kernel did not start: Kernel died before replying")
    assert "encodings" in error


def test_a_timeout_that_a_cell_raises_itself_is_its_own_error(tmp_path, write_notebook, run_one):
    path = write_notebook(tmp_path / "a.ipynb", "raise TimeoutError")
    assert str(run_one(path, tmp_path / "out").error).startswith("cell 1 of 1: TimeoutError: \n")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes here")
def test_what_a_kernel_that_died_had_started_is_ended(tmp_path, write_notebook, run_one):
    starts = "import os, pathlib, subprocess\nchild = subprocess.Popen(['sleep', '300'])"
    dies = "pathlib.Path('pid').write_text(str(child.pid))\nos.kill(os.getpid(), 9)"
    path = write_notebook(tmp_path / "a.ipynb", starts, dies)
    assert "the kernel died" in str(run_one(path, tmp_path / "out").error)
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_full_memory_of_a_gpu_comes_with_advice():
    said = message_of("RuntimeError", "RESOURCE_EXHAUSTED: Out of memory on GPU 0")
    assert "halve BATCH_SIZE in the settings" in said


def test_a_cell_that_takes_more_memory_than_there_is_fails_alone_and_with_advice(
    tmp_path, write_notebook, run_one
):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)"
    hungry = f"{limit}\nx = bytearray(8 * 2**30)"
    path = write_notebook(tmp_path / "a.ipynb", hungry)
    result = run_one(path, tmp_path / "out")
    assert str(result.error).startswith("cell 1 of 1: MemoryError")
    assert "halve BATCH_SIZE in the settings" in str(result.error)


def test_a_run_that_is_killed_leaves_whole_files_and_no_kernel(tmp_path, write_notebook):
    (tmp_path / "notebooks").mkdir()
    write_notebook(tmp_path / "notebooks" / "a.ipynb", "1")
    tells = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))"
    waits = f"{tells}\ntime.sleep(300)"
    write_notebook(tmp_path / "notebooks" / "b.ipynb", waits)
    words = [sys.executable, "-c", "from nnlab.cli import app; app()", "run", "--out", "out"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, env=os.environ)
    pid = tmp_path / "notebooks" / "pid"
    deadline = time.monotonic() + 60
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
    paths = find_notebooks([tmp_path / "notebooks"], tmp_path / "out")
    list(run_notebooks(paths, tmp_path / "out"))
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["notebooks"]
    assert [row["status"] for row in rows] == ["ok", "ok"]


def test_a_full_disk_is_named_and_leaves_whole_files(tmp_path, write_notebook, own_mounts):
    write_notebook(tmp_path / "a.ipynb", "print('x' * 200_000)")
    (tmp_path / "out").mkdir()
    shows = 'ls -A "$0"; cat "$0"/results.json'
    script = f'mount -t tmpfs -o size=64k none "$0" && ("$@"; code=$?; {shows}; exit $code)'
    words = [
        sys.executable,
        "-c",
        "from nnlab.cli import app; app()",
        "run",
        "--out",
        "out",
        "a.ipynb",
    ]
    done = subprocess.run(
        [*own_mounts, script, "out", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("stopped: [Errno 28] No space left on device")
    first, _, rest = done.stdout.partition("\n")
    assert first == "results.json"  # and nothing else
    assert json.loads(rest)["notebooks"] == []


KILLED_WHILE_WRITING = """
import os, signal
from pathlib import Path
from nnlab.cli._notebooks import run_notebooks
replace = Path.replace

def killed(path, target):
    if target.name == "a.ipynb":
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)

Path.replace = killed
list(run_notebooks([Path("a.ipynb")], "out"))
"""


def test_two_processes_that_write_one_file_write_it_whole(tmp_path, monkeypatch):
    replace = Path.replace

    def after_another_process(part, target):
        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(os, "getpid", lambda: 0)
        write_whole(target, "of the other")
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", after_another_process)
    write_whole(tmp_path / "a.txt", "of this one")
    assert (tmp_path / "a.txt").read_text() == "of this one"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_run_that_is_killed_while_it_writes_leaves_no_half_notebook_and_no_earlier_results(
    tmp_path, write_notebook
):
    path = write_notebook(tmp_path / "a.ipynb", "1")
    list(run_notebooks([path], tmp_path / "out"))
    (tmp_path / "out" / "a.ipynb").unlink()
    process = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING], cwd=tmp_path, timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "a.ipynb").exists()
    assert json.loads((tmp_path / "out" / "results.json").read_text())["notebooks"] == []
