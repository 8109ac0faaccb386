"""Keeping a trained model: a file and a card that belong together, whole or not there."""

import hashlib
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from nnlab.models import build_mlp
from nnlab.notebook import RunRecord
from nnlab.trained import keep_model

DATA = SimpleNamespace(
    name="digits", source="E. Alpaydin", license="CC BY 4.0", class_names=("zero", "one", "two")
)
RECORD = RunRecord(
    notebook="01_mnist_mlp", dataset="digits", seed=7, metrics={"test accuracy": 0.98765}, seconds=9
)


@pytest.fixture
def model():
    return build_mlp((4, 4, 1), 3, units=(5,))


@pytest.fixture(autouse=True)
def _no_folder(monkeypatch):
    for name in ("NNLAB_MODELS", "NNLAB_QUICK"):
        monkeypatch.delenv(name, raising=False)


def keep(model, name="digits_mlp", **others):
    keep_model(
        model, name, data=DATA, record=RECORD, inputs="pixels", outputs="probabilities", **others
    )


def test_the_file_is_the_model_and_the_card_says_what_it_is(model, tmp_path):
    keep(model, folder=tmp_path / "new" / "models")
    folder = tmp_path / "new" / "models"
    assert sorted(path.name for path in folder.iterdir()) == ["digits_mlp.keras", "digits_mlp.md"]
    x = np.random.default_rng(0).random((2, 4, 4, 1), np.float32)
    loaded = keras.saving.load_model(folder / "digits_mlp.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    card = (folder / "digits_mlp.md").read_text("utf-8")
    sha256 = hashlib.sha256((folder / "digits_mlp.keras").read_bytes()).hexdigest()
    for words in (
        "# digits_mlp\n",
        "103 parameters, trained by `01_mnist_mlp` of nnlab on ",
        "with seed 7.",
        'load_model("digits_mlp.keras")',
        "* **Goes in**: pixels",
        "* **Comes out**: probabilities",
        "* **Classes**, in order: zero, one, two",
        "| test accuracy | 0.9877 |",
        "digits: E. Alpaydin",
        "Licence of the data: CC BY 4.0.",
        f"keras {keras.__version__}",
        f"SHA-256 of `digits_mlp.keras`: `{sha256}`",
    ):
        assert words in card
    assert "quick run" not in card


def test_the_card_of_a_quick_run_says_so(model, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_QUICK", "1")
    keep(model, folder=tmp_path)
    assert "**From a quick run**" in (tmp_path / "digits_mlp.md").read_text("utf-8")


def test_a_model_goes_where_the_environment_says_and_else_nowhere(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keep(model)
    monkeypatch.setenv("NNLAB_MODELS", "")
    keep(model)
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("NNLAB_MODELS", "here")
    keep(model)
    assert (tmp_path / "here" / "digits_mlp.keras").is_file()


def test_a_model_that_cannot_be_written_leaves_the_earlier_one_and_its_card(
    model, tmp_path, monkeypatch
):
    keep(model, folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stop_halfway(self, path):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(type(model), "save", stop_halfway)
    with pytest.raises(OSError, match="no space left"):
        keep(model, folder=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_model_takes_the_place_of_an_earlier_one(model, tmp_path):
    keep(model, folder=tmp_path)
    before = (tmp_path / "digits_mlp.md").read_text("utf-8")
    keep(build_mlp((4, 4, 1), 3, units=(6,)), folder=tmp_path)
    after = (tmp_path / "digits_mlp.md").read_text("utf-8")
    assert before != after
    assert hashlib.sha256((tmp_path / "digits_mlp.keras").read_bytes()).hexdigest() in after


@pytest.mark.parametrize("name", ["", "../mlp", "a/b", ".hidden", "näh", "a b"])
def test_a_name_that_is_no_plain_one_is_refused(model, tmp_path, name):
    with pytest.raises(ValueError, match="expected a name such as"):
        keep(model, name, folder=tmp_path)
    assert not list(tmp_path.iterdir())
