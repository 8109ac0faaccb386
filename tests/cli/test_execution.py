"""Running notebooks: one result each, whatever a notebook does."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from nnlab.cli._notebooks import find_notebooks, run_notebooks
from nnlab.cli._records import RECORD

ENDS_ITS_KERNEL = """
import os, sys
print("last words", file=sys.__stderr__, flush=True)
os.kill(os.getpid(), 9)
"""
# One that computes all the time is in test_execution_faults.py.
ENDLESS = """
import time
while True:
    time.sleep(0.01)
"""
SHOWS_NO_RECORD = f"""
from IPython.display import display
display({{"text/plain": "", {RECORD!r}: {{"metrics": "many"}}}}, raw=True)
display({{"text/plain": "", {RECORD!r}: ["metrics"]}}, raw=True)
"""
SHOWS_ITS_SURROUNDINGS = """
import os, sys
names = ("NNLAB_QUICK", "NNLAB_DATA", "NNLAB_CACHE", "NNLAB_MODELS")
values = [os.environ.get(name) for name in names]
print(os.getcwd(), *values, sys.executable, sep="|")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, write_notebook, shows_a_record):
    """Results by name, the folder, the calls of on_cell, of notebooks that go wrong somehow."""
    folder = tmp_path_factory.mktemp("notebooks")
    paths = [
        write_notebook(folder / "good.ipynb", "x = 6 * 7", shows_a_record, SHOWS_NO_RECORD, "x"),
        write_notebook(folder / "failing.ipynb", "x = 1", "# a reason\nx / 0", "never = True"),
        write_notebook(folder / "dead.ipynb", "x = 1", ENDS_ITS_KERNEL),
        write_notebook(folder / "endless.ipynb", ENDLESS),
        folder / "not_json.ipynb",
        folder / "other_json.ipynb",
        folder / "future.ipynb",
        folder / "binary.ipynb",
        write_notebook(folder / "last.ipynb", "1"),
    ]
    paths[4].write_text("print('hello')")
    paths[5].write_text('["a", "list"]')
    paths[6].write_text(
        '{"cells": [{"cell_type": "spell"}], "metadata": {}, "nbformat": 9, "nbformat_minor": 0}'
    )
    paths[7].write_bytes(b"\xff\xfe\x00")
    out = folder / "out"
    calls = []
    on_disk = []

    def on_cell(*call):
        calls.append(call)

    for result in run_notebooks(paths, out, quick=True, timeout=4, on_cell=on_cell):
        on_disk.append(len(json.loads((out / "results.json").read_text())["notebooks"]))
        assert result.name == paths[len(on_disk) - 1].stem
    results = {
        row["name"]: row for row in json.loads((out / "results.json").read_text())["notebooks"]
    }
    assert on_disk == list(
        range(1, len(paths) + 1)
    )  # each result is on disk before the next notebook
    return results, out, calls


def test_every_notebook_gets_a_result_in_order(run):
    results, out, _ = run
    assert [name for name, row in results.items() if row["status"] == "ok"] == ["good", "last"]
    for row in results.values():
        assert row.keys() == {"name", "status", "seconds", "parameters", "error", "records"}
        assert 0 <= row["seconds"] < 60
        assert (row["error"] is None) == (row["status"] == "ok")
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_records_are_collected_and_other_shapes_left_out(run):
    assert run[0]["good"]["records"] == [
        {"metrics": [{"name": "accuracy", "value": 0.5}], "seed": 1}
    ]
    assert run[0]["last"]["records"] == []


def test_the_executed_notebook_holds_outputs_and_counts(run):
    cells = nbformat.read(run[1] / "good.ipynb", as_version=4).cells[1:]
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4]
    assert cells[-1].outputs[0].data["text/plain"] == "42"
    assert all("execution" not in cell.metadata for cell in cells)


def test_on_cell_counts_code_cells(run):
    assert [(done, total) for path, done, total in run[2] if path.stem == "good"] == [
        (0, 4),
        (1, 4),
        (2, 4),
        (3, 4),
    ]


def test_a_failing_cell_is_named_with_its_source_and_traceback(run):
    error = run[0]["failing"]["error"]
    assert error.startswith(
        "cell 2 of 3: ZeroDivisionError: division by zero\n\n# a reason\nx / 0\n\n"
    )
    assert "Traceback" in error
    assert "\x1b" not in error
    cells = nbformat.read(run[1] / "failing.ipynb", as_version=4).cells
    assert cells[2].outputs[0].ename == "ZeroDivisionError"
    assert cells[3].execution_count is None


def test_a_kernel_that_dies_is_reported_with_its_last_words(run):
    error = run[0]["dead"]["error"]
    assert error.startswith("cell 2 of 2: the kernel died: out of memory")
    assert error.endswith("last words")


def test_an_endless_cell_is_stopped_and_its_place_shown(run):
    row = run[0]["endless"]
    assert row["error"].startswith(
        "cell 1 of 1: TimeoutError: still running after 4 s; allow more with --timeout"
    )
    assert "while True" in row["error"]
    assert row["seconds"] < 30


@pytest.mark.parametrize("name", ["not_json", "other_json", "future", "binary"])
def test_a_file_that_is_no_notebook_is_named_as_such(run, name):
    assert run[0][name]["error"].startswith("not a readable notebook: ")
    assert not (run[1] / f"{name}.ipynb").exists()


def surroundings(path):
    notebook = nbformat.read(path, as_version=4)
    return notebook.cells[1].outputs[0].text.strip().split("|")


def test_a_kernel_is_this_python_in_the_notebooks_folder_with_absolute_data_folders(
    tmp_path, monkeypatch, write_notebook, run_one
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNLAB_DATA", os.pathsep.join(["data", "", "/else where"]))
    monkeypatch.setenv("NNLAB_CACHE", "cache folder")
    monkeypatch.setenv("NNLAB_MODELS", "models folder")
    monkeypatch.setenv("NNLAB_QUICK", "1")
    Path("notebooks").mkdir()
    write_notebook(Path("notebooks/a.ipynb"), SHOWS_ITS_SURROUNDINGS)
    quick = run_one(Path("notebooks/a.ipynb"), Path("quick"), quick=True, models=Path("here"))
    full = run_one(Path("notebooks/a.ipynb"), Path("full"))
    assert (quick.status, full.status) == ("ok", "ok")
    folder, mode, data, cache, models, python = surroundings("quick/a.ipynb")
    assert Path(folder) == tmp_path / "notebooks"
    assert data == os.pathsep.join([str(tmp_path / "data"), "/else where"])
    assert Path(cache) == tmp_path / "cache folder"
    assert python == sys.executable
    assert Path(models) == tmp_path / "here"
    assert (mode, surroundings("full/a.ipynb")[1]) == ("1", "None")
    assert Path(surroundings("full/a.ipynb")[4]) == tmp_path / "models folder"


def test_as_many_notebooks_run_at_a_time_as_asked_for(tmp_path, write_notebook):
    meets = """
import time
from pathlib import Path
Path("{0}").touch()
end = time.monotonic() + 30
while not Path("{1}").exists():
    assert time.monotonic() < end
    time.sleep(0.05)
time.sleep(0.5 if "{0}" == "b" else 1.5)
Path("{0} ended").touch()
"""
    paths = [
        write_notebook(tmp_path / "a.ipynb", meets.format("a", "b")),
        write_notebook(tmp_path / "b.ipynb", meets.format("b", "a")),
        write_notebook(
            tmp_path / "c.ipynb", "from pathlib import Path\nassert list(Path().glob('* ended'))"
        ),
    ]
    results = list(run_notebooks(paths, tmp_path / "out", jobs=2, timeout=60))
    assert sorted((result.name, result.status) for result in results) == [
        ("a", "ok"),
        ("b", "ok"),
        ("c", "ok"),
    ]
    kept = json.loads((tmp_path / "out" / "results.json").read_text())["notebooks"]
    assert [each["name"] for each in kept] == ["a", "b", "c"]


def test_folders_stand_for_their_notebooks_and_repeats_count_once(
    tmp_path, monkeypatch, write_notebook
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no \.ipynb in \./notebooks"):
        find_notebooks((), "out")
    (tmp_path / "notebooks").mkdir()
    for name in ("b", "a"):
        write_notebook(tmp_path / "notebooks" / f"{name}.ipynb")
    (tmp_path / "notebooks" / "solutions").mkdir()
    write_notebook(tmp_path / "notebooks" / "solutions" / "a.ipynb")
    named = [Path("notebooks", name) for name in ("a.ipynb", "b.ipynb")]
    assert find_notebooks((), "out") == named  # no solutions
    found = find_notebooks(["notebooks/b.ipynb", "notebooks"], "out")
    assert [path.name for path in found] == ["b.ipynb", "a.ipynb"]
    with pytest.raises(FileNotFoundError, match="no notebook at missing"):
        find_notebooks(["missing"], "out")


def test_two_notebooks_of_one_name_or_a_run_onto_itself_are_refused(tmp_path, write_notebook):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_notebook(tmp_path / folder / "a.ipynb")
    with pytest.raises(ValueError, match=r"both be written as a\.ipynb"):
        find_notebooks([tmp_path / "one", tmp_path / "two"], "out")
    with pytest.raises(ValueError, match="would overwrite it"):
        find_notebooks([tmp_path / "one" / "a.ipynb"], tmp_path / "one")


def test_names_that_differ_by_capitals_alone_are_refused(tmp_path, write_notebook):
    for folder, name in (("one", "A"), ("two", "a")):
        (tmp_path / folder).mkdir()
        write_notebook(tmp_path / folder / f"{name}.ipynb")
    with pytest.raises(ValueError, match=r"both be written as a\.ipynb"):
        find_notebooks([tmp_path / "one", tmp_path / "two"], "out")


def test_a_link_to_a_notebook_is_not_overwritten(tmp_path, write_notebook):
    (tmp_path / "links").mkdir()
    path = write_notebook(tmp_path / "a.ipynb")
    (tmp_path / "links" / "a.ipynb").symlink_to(path)
    with pytest.raises(ValueError, match="would overwrite it"):
        find_notebooks([tmp_path / "links"], tmp_path / "links")


@pytest.mark.parametrize("name", ["a.ipynb", "other.ipynb", "index.html"])
def test_a_folder_with_what_no_run_has_written_is_refused(tmp_path, write_notebook, name):
    (tmp_path / "out").mkdir()
    path = write_notebook(tmp_path / "a.ipynb")
    assert find_notebooks([path], tmp_path / "out") == [path]  # empty
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(ValueError, match=f"out holds {name} and no results.json"):
        find_notebooks([path], tmp_path / "out")
    (tmp_path / "out" / "results.json").write_text("{}")  # an earlier run's
    assert find_notebooks([path], tmp_path / "out") == [path]


def test_hidden_files_of_a_folder_are_not_run(tmp_path, write_notebook):
    path = write_notebook(tmp_path / "a.ipynb")
    hidden = write_notebook(tmp_path / "._a.ipynb")
    assert find_notebooks([tmp_path], "out") == [path]
    assert find_notebooks([hidden], "out") == [hidden]  # by its name
