"""The program that makes the networks that ship, of those that runs of the notebooks keep."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nnlab.models import build_mlp
from nnlab.notebook import RunRecord
from nnlab.trained import keep_model, load_trained, loading

PROGRAM = Path(__file__).parents[2] / "docs" / "trained.py"
DATA = SimpleNamespace(name="mnist", source="somebody", license="MIT", class_names=("zero", "one"))
RECORD = RunRecord(notebook="01_mnist_mlp", dataset="mnist", seed=7, metrics={"accuracy": 0.5})
PUBLISHED = [line.split()[1] for line in loading.SUMS.read_text("utf-8").splitlines()]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """docs/trained.py, which writes to an empty folder, and knows of one network."""
    spec = importlib.util.spec_from_file_location("trained_program", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "trained").mkdir()
    monkeypatch.setattr(loading, "FOLDER", tmp_path / "trained")
    monkeypatch.setattr(loading, "SUMS", tmp_path / "trained" / "SHA256SUMS")

    def measure(model, data):
        assert data == "the data of mnist"
        return {"sum of the weights": model.get_weights()[0].sum()}

    module.every_network = tuple(module.NETWORKS)
    load = "the data of {}".format
    monkeypatch.setattr(module, "NETWORKS", {"mine": (measure, load, "mnist")})
    return module


def keep(folder, value=0.5):
    model = build_mlp((2, 2, 1), 2, units=(3,))
    model.set_weights([np.full_like(weight, value) for weight in model.get_weights()])
    keep_model(
        model, "mine", data=DATA, record=RECORD, inputs="pixels", outputs="chances", folder=folder
    )


def test_what_ships_is_what_was_kept(program, tmp_path, capsys):
    keep(tmp_path / "models")
    program.make_all(tmp_path / "models")
    model = load_trained("mine")
    for weight in model.get_weights():
        np.testing.assert_allclose(weight, 0.5, rtol=1e-6)
    card = (tmp_path / "trained" / "mine.md").read_text("utf-8")
    assert 'from nnlab.trained import load_trained\n\nmodel = load_trained("mine")\n```' in card
    assert "keras.saving" not in card
    assert "SHA-256" not in card
    assert "| accuracy | 0.5 |" in card
    assert "| sum of the weights | 6 | 6 |" in card
    assert "all together 0.00 MB" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "trained").iterdir()} == {
        "SHA256SUMS",
        "mine.md",
        "mine.npz",
    }


def test_a_model_of_a_quick_run_is_refused(program, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_QUICK", "1")
    keep(tmp_path / "models")
    with pytest.raises(ValueError, match="is of a quick run: keep one of a full run"):
        program.make_all(tmp_path / "models")
    assert not list((tmp_path / "trained").iterdir())


def test_a_model_that_is_too_large_to_ship_is_refused(program, tmp_path, monkeypatch):
    keep(tmp_path / "models")
    monkeypatch.setattr(program, "MAX_FILE", 100)
    with pytest.raises(ValueError, match="bytes, more than 100"):
        program.make_all(tmp_path / "models")
    assert not list((tmp_path / "trained").iterdir())


def test_nothing_is_written_where_the_data_are_missing(program, tmp_path, monkeypatch):
    def absent(dataset):
        raise FileNotFoundError(f"no {dataset}")

    keep(tmp_path / "models")
    monkeypatch.setitem(program.NETWORKS, "mine", (None, absent, "mnist"))
    with pytest.raises(FileNotFoundError, match="no mnist"):
        program.make_all(tmp_path / "models")
    assert not list((tmp_path / "trained").iterdir())


def test_the_program_makes_every_network_that_ships(program):
    assert [f"{name}.npz" for name in program.every_network] == PUBLISHED
