"""Notebooks of others: repaired where nbconvert would run them, else refused with what to do."""

import json

import nbformat
import pytest
from nbformat.validator import isvalid

from nnlab.cli._reading import read_notebook

BAD_OUTPUT = {"output_type": "stream", "text": 5, "surprise": None}


def notebook(**changes):
    """Return the JSON of a notebook of two cells; changes: of the notebook, or of both cells."""
    cells = [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": ["# A title\n", "\n", "Text"],
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": ["kept"]},
            "source": "6 * 7",
            "outputs": [],
            "execution_count": None,
        },
    ]
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    for name, value in changes.items():
        for part in [whole] if name in whole else cells:
            part[name] = value
    return whole


def read(folder, content):
    path = folder / "a.ipynb"
    path.write_text(json.dumps(content), "utf-8")
    return read_notebook(path)


def without_ids(content):
    for cell in content["cells"]:
        del cell["id"]
    return content


REPAIRABLE = {
    "cell ids in a format without": notebook(nbformat_minor=4),
    "no cell ids": without_ids(notebook(nbformat_minor=2)),
    "no minor version": {
        name: value for name, value in notebook().items() if name != "nbformat_minor"
    },
    "a later minor version": notebook(nbformat_minor=9),
    "outputs everywhere": notebook(outputs=[]),
    "outputs of no form": notebook(outputs=[BAD_OUTPUT]),
    "counts everywhere": notebook(execution_count="many"),
    "attachments everywhere": notebook(attachments={}),
    "attachments of no form": notebook(attachments=None),
    "ids that are none": notebook(id="not an id!"),
    "ids that are numbers": notebook(id=5),
    "the same id twice": notebook(id="same"),
    "a field of an editor": notebook(language="python"),
    "a field of the notebook": notebook() | {"worksheets": []},
    "metadata of an editor": notebook() | {"metadata": {"orig_nbformat": None, "authors": "me"}},
    "a kernel without a name": notebook() | {"metadata": {"kernelspec": {"language": "python"}}},
    "a kernel that is none": notebook() | {"metadata": {"kernelspec": "python3"}},
    "no metadata": {name: value for name, value in notebook().items() if name != "metadata"},
}


@pytest.mark.parametrize("fault", REPAIRABLE)
def test_what_can_be_repaired_is(tmp_path, fault):
    repaired = read(tmp_path, REPAIRABLE[fault])
    assert isvalid(repaired)
    assert (repaired.nbformat, repaired.nbformat_minor) == (4, 5)
    assert [cell.source for cell in repaired.cells] == ["# A title\n\nText", "6 * 7"]
    assert len({cell.id for cell in repaired.cells}) == 2
    assert repaired.cells[1].outputs == []
    assert repaired.cells[1].execution_count is None
    assert repaired.cells[1].metadata == {"tags": ["kept"]}
    assert repaired.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        (None, {}),
        ({"tags": "one", "colab": {"id": 3}}, {"colab": {"id": 3}}),
        ({"tags": ["a", "a"], "name": 5, "mine": None}, {"mine": None}),
        ({"jupyter": "hidden", "collapsed": "yes", "scrolled": 5}, {}),
    ],
)
def test_metadata_of_a_wrong_form_go_and_the_others_stay(tmp_path, metadata, kept):
    content = notebook()
    content["cells"][1]["metadata"] = metadata
    repaired = read(tmp_path, content)
    assert repaired.cells[1].metadata == kept
    assert isvalid(repaired)


def test_a_byte_order_mark_is_no_reason_to_refuse(tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook()), "utf-8-sig")
    assert len(read_notebook(tmp_path / "a.ipynb").cells) == 2


def test_a_notebook_of_format_3_is_upgraded_whatever_its_outputs(tmp_path):
    code = {"cell_type": "code", "input": ["1 +\n", "1"], "language": "python", "metadata": {}}
    code["outputs"] = [BAD_OUTPUT]
    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": "Title"}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    old["worksheets"] = [{"cells": [heading, code], "metadata": {}}]
    new = read(tmp_path, old)
    assert [cell.source for cell in new.cells] == ["## Title", "1 +\n1"]
    assert isvalid(new)


def test_an_old_notebook_of_another_kernel_runs_repaired_and_its_metadata_are_in_the_copy(
    tmp_path, run_one
):
    content = notebook(nbformat_minor=2, outputs=[BAD_OUTPUT], execution_count=7)
    content["cells"][1]["metadata"] = {"ExecuteTime": {"a": 1}, "tags": ["kept"]}
    content["metadata"] = {
        "kernelspec": {"name": "conda-env-old-py", "display_name": "Python [old]"},
        "language_info": {"name": "python", "version": "3.6"},
        "colab": {"provenance": []},
        "title": "Six times seven",
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
    }
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(content))
    assert run_one(path, tmp_path / "out").status == "ok"
    copy = nbformat.read(tmp_path / "out" / "a.ipynb", as_version=4)
    assert copy.cells[1].outputs[0].data["text/plain"] == "42"
    assert copy.cells[1].metadata == {"tags": ["kept"]}
    assert copy.cells[1].execution_count == 1
    assert [cell.id for cell in copy.cells] == ["a", "b"]
    assert copy.metadata.title == "Six times seven"
    assert copy.metadata.colab == {"provenance": []}
    assert "widgets" not in copy.metadata
    assert copy.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, "R"),
        ({"kernelspec": {"name": "bash", "display_name": "Bash", "language": "bash"}}, "bash"),
        ({"language_info": {"name": "julia"}}, "julia"),
        ({"kernelspec": {"name": "x"}, "language_info": {"name": "C++17"}}, "C++17"),
        ({"kernelspec": {"name": "ir", "display_name": "R"}}, "R"),
        ({"kernelspec": {"name": "julia-1.10", "display_name": "Julia"}}, "Julia"),
    ],
)
def test_a_notebook_of_another_language_is_refused_by_its_name(
    tmp_path, run_one, metadata, language
):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook() | {"metadata": metadata}))
    error = str(run_one(path, tmp_path / "out").error)
    assert error.startswith(f"not run: it is written in {language}, and nnlab runs Python: ")
    assert "nbconvert --to notebook --execute a.ipynb" in error
    assert not (tmp_path / "out" / "a.ipynb").exists()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "tf", "display_name": "TF", "language": "python"}},
        {"kernelspec": {"name": "conda-env-old-py", "display_name": "Python [old]"}},
        {"language_info": {"name": "ipython"}},
        {"kernelspec": {"name": "python3", "language": "python"}, "language_info": {"name": "R"}},
    ],
)
def test_every_notebook_of_python_is_read(tmp_path, metadata):
    assert len(read(tmp_path, notebook() | {"metadata": metadata}).cells) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("print('hello')", "JSONDecodeError"),
        ("<<<<<<< HEAD\n{}", "JSONDecodeError"),
        (json.dumps(notebook(nbformat=9)), "ValueError: its format, 9.5, is newer than 4.5"),
        (json.dumps(notebook(cell_type="spell")), "ValueError: it has a cell of type 'spell'"),
        (json.dumps(notebook(source=5)), "NotebookValidationError: 5 is not valid"),
        (json.dumps(notebook() | {"cells": None}), "TypeError"),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_what_to_do(tmp_path, run_one, content, reason):
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    error = str(run_one(path, tmp_path / "out").error)
    assert error.startswith(f"not a readable notebook: {reason}")
    assert error.endswith("If JupyterLab opens it, save it there again")
