"""Settings given on the command line: where they take effect, and what is refused before a run."""

import json
import re
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.cli._parameters import _assigned, choose_parameters, inject_parameters, parse_parameters

LESSONS = Path(__file__).parents[2] / "notebooks"
SETTINGS = """
QUICK = bool()
SEED = 0
EPOCHS = 2 if QUICK else 10
UNITS = (64,)  # of each layer
RATE = 0.1
DATASET = "mnist"
PRECISION = None
BATCH_SIZE = {"mnist": 32 if QUICK else 64, "digits": 32}
LEFT_OUT = ()
if QUICK:
    LEFT_OUT = ("Adam",)
    LEFT_OUT += ("SGD",)
"""
SHOWS = "print(SEED, EPOCHS, UNITS, RATE, DATASET, PRECISION, LEFT_OUT)"


def settings_cell(source=SETTINGS):
    return new_code_cell(source, metadata={"tags": ["parameters"]})


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def nnlab_run(*words):
    return CliRunner().invoke(app, ["run", *map(str, words)])


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")  # messages on one line
    return write(tmp_path / "lesson.ipynb", settings_cell(), new_code_cell(SHOWS))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("-2.5", -2.5),
        ("True", True),
        ("None", None),
        ("(64, 32)", (64, 32)),
        ("{'mnist': 3}", {"mnist": 3}),
        ("'3'", "3"),
        ("fashion_mnist", "fashion_mnist"),
        ("ROMEO: = x", "ROMEO: = x"),
        ("true", "true"),
        ("", ""),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_a_value_is_a_python_literal_and_else_text(text, value):
    [(name, found)] = parse_parameters([f"X={text}"]).items()
    assert (name, found, type(found)) == ("X", value, type(value))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["SEED"], "expected NAME=VALUE"),
        (["=3"], "expected NAME=VALUE"),
        (["A B=3"], "expected NAME=VALUE"),
        (["SEED=1", "SEED=2"], "SEED is given twice"),
        (["X={1, 2}"], "X cannot be {1, 2}"),
        (["X=1e999"], "X cannot be 1e999"),
    ],
)
def test_words_that_set_nothing_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        parse_parameters(words)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("EPOCH=3", r"unknown parameter EPOCH \(did you mean EPOCHS\?\); there are SEED, EPOCHS, "),
        ("QUICK=True", "QUICK cannot be given: other settings are computed from it. Use --quick"),
        ("EPOCHS=many", "EPOCHS of lesson is a number, 2 if QUICK else 10: got 'many'"),
        ("EPOCHS=True", "is a number"),
        ("UNITS=64", r"UNITS of lesson is a tuple, \(64,\): got 64"),
        ("BATCH_SIZE=64", "BATCH_SIZE of lesson is a dict"),
        ("DATASET=3", "DATASET of lesson is a text, 'mnist': got 3"),
    ],
)
def test_what_is_no_setting_or_no_value_of_it_is_refused_before_anything_runs(
    notebook, word, message
):
    result = nnlab_run(notebook, "-p", word, "--out", "out")
    assert result.exit_code == 2
    assert re.search(message, result.output), result.output
    assert not Path("out").exists()


def test_a_notebook_without_settings_can_be_given_none(notebook):
    write(Path("plain.ipynb"), new_code_cell("1"))
    result = nnlab_run("plain.ipynb", "-p", "SEED=1", "--out", "out")
    assert result.exit_code == 2
    assert "no notebook here has settings, a cell tagged 'parameters'" in result.output


def test_a_setting_is_injected_after_the_settings_and_recorded(notebook):
    words = ["SEED=1", "UNITS=[8, 4]", "RATE=1", "DATASET=digits", "PRECISION=float32"]
    result = nnlab_run(notebook, *(f"--parameter={word}" for word in words), "--out", "out")
    assert result.exit_code == 0, result.output
    cells = nbformat.read("out/lesson.ipynb", as_version=4).cells
    assert [cell.metadata.get("tags") for cell in cells] == [
        ["parameters"],
        ["injected-parameters"],
        None,
    ]
    assert cells[1].source.splitlines() == [
        "# Parameters",
        "SEED = 1",
        "UNITS = [8, 4]",
        "RATE = 1",
        "DATASET = 'digits'",
        "PRECISION = 'float32'",
    ]
    assert cells[2].outputs[0].text == "1 10 [8, 4] 1 digits float32 ()\n"
    [row] = json.loads(Path("out/results.json").read_text())["notebooks"]
    assert row["parameters"] == {
        "SEED": 1,
        "UNITS": [8, 4],
        "RATE": 1,
        "DATASET": "digits",
        "PRECISION": "float32",
    }
    shown = "with SEED=1, UNITS=[8, 4], RATE=1, DATASET=digits, PRECISION=float32"
    for text in (result.output, Path("out/index.html").read_text("utf-8")):
        assert shown in text
    assert shown in Path("out/lesson.html").read_text("utf-8")


def test_a_setting_of_some_notebooks_is_given_to_them_and_the_others_are_named(notebook):
    other = write(Path("other.ipynb"), settings_cell("SEED = 5"), new_code_cell("print(SEED)"))
    result = nnlab_run(notebook, other, "-p", "SEED=1", "-p", "EPOCHS=3", "--out", "out")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("EPOCHS is not set in other: no such setting.\n")
    rows = json.loads(Path("out/results.json").read_text())["notebooks"]
    assert [row["parameters"] for row in rows] == [{"SEED": 1, "EPOCHS": 3}, {"SEED": 1}]
    assert nbformat.read("out/other.ipynb", as_version=4).cells[-1].outputs[0].text == "1\n"


def test_a_notebook_that_cannot_be_read_does_not_keep_the_others_from_their_settings(notebook):
    Path("broken.ipynb").write_text("{")
    paths = [Path("broken.ipynb"), notebook]
    assert choose_parameters(paths, {"SEED": 1}) == {paths[0]: {}, notebook: {"SEED": 1}}


def test_an_earlier_injected_cell_is_replaced(notebook):
    old = new_code_cell("SEED = 7", metadata={"tags": ["injected-parameters"]})
    again = new_notebook(cells=[settings_cell(), old, new_code_cell(SHOWS)])
    inject_parameters(again, {"SEED": 1})
    assert [cell.source for cell in again.cells[1:]] == ["# Parameters\nSEED = 1", SHOWS]


def every_lesson():
    return sorted(LESSONS.rglob("*.ipynb"))


@pytest.mark.parametrize("path", every_lesson(), ids=lambda path: path.stem)
def test_nothing_in_the_settings_of_a_lesson_is_computed_from_another_but_quick(path):
    notebook = nbformat.read(path, as_version=4)
    [cell] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assigned = _assigned(cell.source)
    assert [name for name, values in assigned.items() if not values] == ["QUICK"]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Folder of results and models by seed, of quick, short runs of lesson 01."""
    folders = {}
    short = ["EPOCHS_DIGITS=1", "UNITS=(16,)", "MIN_ACCURACY=0", "MIN_GAIN=-1"]
    options = [f"--parameter={word}" for word in short]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_OFFLINE", "1")
        patch.setenv("NNLAB_DATA", "")
        patch.setenv("NNLAB_CACHE", str(tmp_path_factory.mktemp("no data")))
        for seed in (0, 1):
            folder = folders[seed] = tmp_path_factory.mktemp(f"seed {seed}")
            words = [*options, "-p", f"SEED={seed}", "--models", folder / "models"]
            result = nnlab_run("--quick", LESSONS / "01_mnist_mlp.ipynb", "--out", folder, *words)
            assert result.exit_code == 0, result.output
            assert f"Model: {folder / 'models' / 'digits_mlp.keras'}" in result.output
    return folders


def first_weights(folder):
    """Return the weights of the first layer of the kept model."""
    model = keras.saving.load_model(folder / "models" / "digits_mlp.keras")
    return model.get_weights()[0]


def record(folder):
    [row] = json.loads((folder / "results.json").read_text())["notebooks"]
    return row["records"][0]


def test_another_seed_gives_other_weights_and_results_not_only_another_record(seeds):
    zero, one = (first_weights(seeds[seed]) for seed in (0, 1))
    assert zero.shape == one.shape == (784, 16)
    assert np.mean(np.abs(zero - one)) > 0.01
    assert [record(seeds[seed])["seed"] for seed in (0, 1)] == [0, 1]
    assert record(seeds[0])["metrics"] != record(seeds[1])["metrics"]


def test_the_kept_model_has_a_card_of_what_was_run(seeds):
    card = (seeds[1] / "models" / "digits_mlp.md").read_text("utf-8")
    assert "trained by `01_mnist_mlp` of nnlab" in card
    assert "with seed 1." in card
    assert "**From a quick run**" in card
    assert "| test accuracy | 0." in card
    assert sorted(path.name for path in (seeds[1] / "models").iterdir()) == [
        "digits_mlp.keras",
        "digits_mlp.md",
    ]
