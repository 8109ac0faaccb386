"""What changed since an earlier run, on the console and in the gallery."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.cli._comparison import compare, read_run


def row(name, status="ok", seconds=10.0, error=None, parameters=None, **metrics):
    record = {
        "dataset": "mnist",
        "versions": {"keras": "3.15"},
        "device": "CPU",
        "metrics": [{"name": each, "value": value} for each, value in metrics.items()],
    }
    return {
        "name": name,
        "status": status,
        "seconds": seconds,
        "error": error,
        "parameters": parameters or {},
        "records": [record] if metrics else [],
    }


def run(*rows, quick=False):
    return {"quick": quick, "notebooks": list(rows)}


def changed(before, now):
    """Return the changes as tuples, without the times."""
    return [tuple(change) for change in compare(before, now) if change.what != "time"]


def test_a_run_is_like_itself_but_for_the_time_it_took():
    before = run(row("a", accuracy=0.5), row("b"))
    now = run(row("a", accuracy=0.5, seconds=12.5), row("b", seconds=5.0))
    assert changed(before, now) == []
    assert [tuple(change) for change in compare(before, now)] == [
        ("a", "time", "10.0 s", "12.5 s", "+25%"),
        ("b", "time", "10.0 s", "5.0 s", "-50%"),
    ]


def test_a_metric_has_the_digits_of_the_gallery_and_its_difference():
    before = run(row("a", accuracy=0.98765, loss=1.0, lost=2.0, steps=10))
    now = run(row("a", accuracy=0.98, loss=1.00001, found=3.0, steps=12))
    assert changed(before, now) == [
        ("a", "accuracy", "0.9877", "0.98", "-0.0077"),
        ("a", "lost", "2", "–", ""),
        ("a", "steps", "10", "12", "+2"),
        ("a", "found", "–", "3", ""),
    ]


def test_parameters_are_compared_one_by_one():
    before = run(row("a", parameters={"EPOCHS": 3, "SEED": 0}))
    now = run(row("a", parameters={"SEED": 0, "UNITS": [8, 4]}))
    assert changed(before, now) == [
        ("a", "-p EPOCHS", "3", "–", ""),
        ("a", "-p UNITS", "–", "[8, 4]", ""),
    ]


def test_what_failed_is_named_with_the_first_line_of_its_error():
    before = run(row("a", accuracy=0.5))
    now = run(row("a", "failed", error="cell 2 of 3: no\n\nx / 0"))
    assert changed(before, now)[:3] == [
        ("", "device", "CPU", "–", ""),
        ("", "keras", "3.15", "–", ""),
        ("a", "status", "ok", "failed", ""),
    ]
    assert ("a", "error", "–", "cell 2 of 3: no", "") in changed(before, now)
    assert ("a", "accuracy", "0.5", "–", "") in changed(before, now)


def test_a_notebook_that_only_one_run_has_is_one_row():
    before = run(row("gone"), row("both"))
    now = run(row("both"), row("new", "failed"))
    assert changed(before, now) == [
        ("gone", "status", "ok", "not run", ""),
        ("new", "status", "not run", "failed", ""),
    ]


def test_a_quick_run_beside_a_full_one_and_other_data_and_versions_are_named():
    other = row("a", accuracy=0.5)
    other["records"][0] |= {"dataset": "digits", "versions": {"keras": "3.16"}}
    assert changed(run(row("a", accuracy=0.5)), run(other, quick=True)) == [
        ("", "mode", "full", "quick", ""),
        ("", "keras", "3.15", "3.16", ""),
        ("a", "data", "mnist", "digits", ""),
    ]


def test_results_of_an_earlier_version_are_compared_too(tmp_path):
    old = row("a", accuracy=0.5)
    del old["parameters"]
    old["records"][0]["metrics"] = {"accuracy": 0.5}
    (tmp_path / "results.json").write_text(json.dumps({"notebooks": [old]}))
    assert changed(read_run(tmp_path), run(row("a", accuracy=0.5))) == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"notebooks": 3}', '{"notebooks": [{"name": "a"}]}', '{"notebooks": ["a"]}'],
)
def test_another_file_than_results_is_refused_before_anything_runs(
    tmp_path, monkeypatch, write_notebook, text
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    write_notebook(Path("a.ipynb"), "1")
    Path("other.json").write_text(text)
    words = ["run", "a.ipynb", "--out", "out", "--compare"]
    result = CliRunner().invoke(app, [*words, "other.json"])
    assert (result.exit_code, Path("out").exists()) == (2, False)
    assert "other.json is no results.json of nnlab run" in result.output
    result = CliRunner().invoke(app, [*words, "absent"])
    assert (result.exit_code, Path("out").exists()) == (2, False)
    assert "no results to compare with at absent: name a results.json" in result.output


@pytest.mark.skipif(
    not Path("/proc/self/mem").is_file(), reason="needs a file that root cannot read"
)
def test_a_file_that_cannot_be_read_is_refused_without_a_trace(
    tmp_path, monkeypatch, write_notebook
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    write_notebook(Path("a.ipynb"), "1")
    words = ["run", "a.ipynb", "--out", "out", "--compare", "/proc/self/mem"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, Path("out").exists()) == (2, False)
    assert "/proc/self/mem cannot be read (Input/output error): name another" in result.output


def test_a_run_ends_with_what_changed_even_where_it_replaces_the_earlier_one(
    tmp_path, monkeypatch, write_notebook, shows_a_record
):
    monkeypatch.chdir(tmp_path)
    write_notebook(Path("a.ipynb"), shows_a_record)
    Path("out").mkdir()
    earlier = run(row("a", accuracy=0.25), row("b<"))
    Path("out/results.json").write_text(json.dumps(earlier))
    result = CliRunner().invoke(app, ["run", "a.ipynb", "--out", "out", "--compare", "out"])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    start = lines.index(["Compared", "with", "out"])
    assert lines[start + 1] == ["notebook", "what", "before", "now", "change"]
    assert ["a", "accuracy", "0.25", "0.5", "+0.25"] in lines[start:]
    assert ["b<", "status", "ok", "not", "run"] in lines[start:]
    page = Path("out/index.html").read_text("utf-8")
    assert "<caption>Compared with out</caption>" in page
    assert "<td>a</td><td>accuracy</td><td>0.25</td><td>0.5</td><td>+0.25</td>" in page
    assert "<td>b&lt;</td>" in page
