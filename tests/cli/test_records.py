"""Run records: metrics in their order, of new notebooks and of old, wherever they are shown."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from rich.console import Console

from nnlab.cli._console import report, summary
from nnlab.cli._gallery import write_gallery
from nnlab.cli._notebooks import Result
from nnlab.cli._records import RECORD, metrics_of, records_of
from nnlab.notebook import RunRecord

VALUES = {"test accuracy": 0.98765, "error of a guess": 12345.678, "batches": 30}
LIST = [{"name": name, "value": value} for name, value in VALUES.items()]
TEXTS = {"test accuracy": "0.9877", "error of a guess": "1.235e+04", "batches": "30"}


def notebook_that_shows(*records):
    outputs = [new_output("display_data", {RECORD: record}) for record in records]
    return new_notebook(cells=[new_code_cell("record", outputs=outputs)])


@pytest.mark.parametrize("metrics", [LIST, VALUES], ids=["a list", "a dict of an old notebook"])
def test_metrics_are_read_in_their_order(metrics):
    records = records_of(notebook_that_shows({"metrics": metrics}))
    assert records == [{"metrics": metrics}]
    assert list(metrics_of(records).items()) == list(TEXTS.items())


def test_the_record_that_a_notebook_shows_is_read():
    record = RunRecord(notebook="01_x", dataset="digits", seed=0, metrics=VALUES, seconds=1)
    shown = record._repr_mimebundle_()[RECORD]
    read = metrics_of(records_of(notebook_that_shows(shown)))
    assert read == TEXTS
    assert list(read) == list(VALUES)


@pytest.mark.parametrize(
    "record",
    [
        ["metrics"],
        {"metrics": "many"},
        {"metrics": ["accuracy"]},
        {"metrics": [{"name": "accuracy"}]},
        {"metrics": [{"name": 1, "value": 2}]},
        {"metrics": LIST, "versions": ["3.1"]},
    ],
)
def test_what_is_no_record_is_left_out(record):
    assert records_of(notebook_that_shows(record)) == []


def test_terminal_gallery_and_file_show_the_same_order(tmp_path, write_notebook, run_one):
    shows = f"""
class Record:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {{{RECORD!r}: {{"metrics": {LIST!r}}}}}
Record()
"""
    path = write_notebook(tmp_path / "a.ipynb", shows)
    assert run_one(path, tmp_path / "out").status == "ok"
    [row] = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["notebooks"]
    assert row["records"] == [{"metrics": LIST}]
    page = write_gallery(tmp_path / "out").read_text("utf-8")
    places = [page.index(f"<li>{name} <b>{text}</b></li>") for name, text in TEXTS.items()]
    assert places == sorted(places)
    line = "test accuracy 0.9877; error of a guess 1.235e+04; batches 30"
    result = Result("a", "ok", 1.0, records=row["records"])
    console = Console(width=200)
    with console.capture() as said:
        report(result, console)
    assert f"a: ok in 1.0 s, {line}" in said.get()
    with console.capture() as said:
        console.print(summary([result]))
    assert line in said.get()


def test_notebooks_without_metrics_are_reported_without(tmp_path):
    nbformat.write(new_notebook(), tmp_path / "a.ipynb")
    console = Console(width=200)
    with console.capture() as said:
        report(Result("a", "ok", 1.0, records=[{"seed": 1}]), console)
    assert said.get().strip() == "a: ok in 1.0 s"
