"""The two cells that make a notebook run on a hosted service, and the program that writes them."""

import copy
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = '[project.urls]\nRepository = "https://github.com/alice/nets"\n'


def markdown(source, name):
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": [source]}


def code(source, name, count=None, outputs=(), tags=()):
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": name,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": list(outputs),
        "source": source.splitlines(keepends=True),
    }


def result(text, count):
    return {
        "data": {"text/plain": [text]},
        "execution_count": count,
        "metadata": {},
        "output_type": "execute_result",
    }


def notebook():
    """Return a notebook that was run."""
    cells = [
        markdown("# 01 · A title with a ü", "title"),
        markdown("## Settings", "settings-title"),
        code("SEED = 0", "settings", 1, tags=["parameters"]),
        code("import keras\nSEED", "last", 2, [result("0", 2)]),
    ]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def project(tmp_path):
    """A project with the real programs and one notebook."""
    (tmp_path / "docs").mkdir()
    for name in ("address.py", "hosted.py"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    write(tmp_path, notebook())
    return tmp_path


def write(project, content, name="01_a.ipynb"):
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (project / "notebooks" / name).write_text(text, encoding="utf-8")


def read(project, name="01_a.ipynb"):
    return json.loads((project / "notebooks" / name).read_text("utf-8"))


def run(project, *arguments):
    command = [sys.executable, project / "docs" / "hosted.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def install_cell(project, name="01_a.ipynb"):
    [source] = [
        "".join(cell["source"])
        for cell in read(project, name)["cells"]
        if cell["cell_type"] == "code" and "hosted" in cell["metadata"].get("tags", [])
    ]
    return source


def installed_by(cell, *, there):
    """Run the cell where nnlab is there or not; return the lines given to %pip."""
    lines = []

    class Shell:
        def run_line_magic(self, name, line):
            assert name == "pip"
            lines.append(line)

    finder = "importlib.util.find_spec"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finder, lambda name: {"nnlab": "it"}[name] if there else None)
        exec(cell, {"get_ipython": Shell})
    return lines


def test_both_cells_follow_the_title_and_all_else_stays(project):
    assert run(project).stdout == "notebooks/01_a.ipynb\n"
    after = read(project)
    nbformat.validate(nbformat.from_dict(after))
    title, links, install, *rest = after["cells"]
    assert [cell["cell_type"] for cell in (title, links, install)] == ["markdown"] * 2 + ["code"]
    assert links["metadata"]["tags"] == install["metadata"]["tags"] == ["hosted"]
    assert install["metadata"]["jupyter"] == {"source_hidden": True}
    assert (install["execution_count"], install["outputs"]) == (1, [])
    expected = copy.deepcopy(notebook())
    for counted in [*expected["cells"][2:], expected["cells"][3]["outputs"][0]]:
        counted["execution_count"] += 1
    assert {**after, "cells": [title, *rest]} == expected


def test_the_links_open_this_notebook_of_this_repository(project):
    write(project, notebook(), "solutions/01_a.ipynb")
    run(project)
    blob = "github.com/alice/nets/blob/main/notebooks/solutions/01_a.ipynb)"
    text = "".join(read(project, "solutions/01_a.ipynb")["cells"][1]["source"])
    assert f"[Open in Kaggle](https://kaggle.com/kernels/welcome?src=https://{blob}" in text
    colab = blob.replace("github.com", "colab.research.google.com/github")
    assert f"[Open in Colab](https://{colab}" in text
    assert "![" not in text  # a picture would have to be fetched


def test_a_second_time_nothing_changes(project):
    run(project)
    before = (project / "notebooks" / "01_a.ipynb").read_bytes()
    assert run(project).stdout == ""
    assert (project / "notebooks" / "01_a.ipynb").read_bytes() == before


def test_a_check_changes_nothing_and_fails_where_a_notebook_is_behind(project):
    before = (project / "notebooks" / "01_a.ipynb").read_bytes()
    done = run(project, "--check")
    assert done.returncode == 1
    assert done.stdout == "notebooks/01_a.ipynb\n"
    assert (project / "notebooks" / "01_a.ipynb").read_bytes() == before
    run(project)
    assert run(project, "--check").returncode == 0


def test_another_way_of_writing_json_is_no_reason_to_write_a_notebook(project):
    run(project)
    path = project / "notebooks" / "01_a.ipynb"
    path.write_text(json.dumps(read(project)), encoding="utf-8")
    assert run(project, "--check").returncode == 0


def test_cells_of_an_older_address_are_brought_up_to_date_where_they_are(project):
    run(project)
    before = read(project)
    text = PROJECT.replace("alice", "bob")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    run(project)
    renamed = json.dumps(before).replace("/alice/", "/bob/")
    assert read(project) == json.loads(renamed)


def test_a_notebook_that_was_not_run_stays_so(project):
    content = notebook()
    for cell in content["cells"][2:]:
        cell |= {"execution_count": None, "outputs": []}
    write(project, content)
    run(project)
    cells = [cell for cell in read(project)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [None] * 3


def test_where_nnlab_is_there_nothing_is_installed(project):
    run(project)
    assert installed_by(install_cell(project), there=True) == []


@pytest.mark.parametrize(
    ("imports", "extras"),
    [
        ("import keras", {"notebooks"}),
        ("if SEED:\n    import jax", {"notebooks", "jax"}),
        ("import onnxruntime", {"notebooks", "export"}),
    ],
)
def test_where_it_is_not_it_is_installed_with_the_extras_that_the_notebook_needs(
    project, imports, extras
):
    content = notebook()
    content["cells"][3]["source"] = [imports]
    write(project, content)
    run(project)
    [line] = installed_by(install_cell(project), there=False)
    quiet, _, quoted = line.partition(" -q ")
    assert quiet == "install"
    requirement = Requirement(quoted.strip("'"))
    assert requirement.name == "nnlab"
    assert requirement.url == "https://github.com/alice/nets/archive/main.zip"
    assert requirement.extras == extras
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert extras <= declared["optional-dependencies"].keys()


def test_a_cell_is_short_and_fits_the_columns_of_a_notebook(project):
    content = notebook()
    content["cells"][3]["source"] = ["import jax"]
    write(project, content)
    run(project)
    lines = install_cell(project).splitlines()
    assert len(lines) <= 5
    assert max(map(len, lines)) <= 88


def no_title(content):
    del content["cells"][:2]


def old_format(content):
    content["nbformat_minor"] = 4


@pytest.mark.parametrize(("spoil", "says"), [(no_title, "its title"), (old_format, "before 4.5")])
def test_what_is_no_lesson_is_refused(project, spoil, says):
    content = notebook()
    spoil(content)
    write(project, content)
    done = run(project)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert read(project) == content


def test_a_notebook_outside_the_project_is_refused(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "a.ipynb"
    shutil.copy(project / "notebooks" / "01_a.ipynb", outside)
    done = run(project, outside)
    assert done.returncode == 1
    assert "lies outside" in done.stderr
