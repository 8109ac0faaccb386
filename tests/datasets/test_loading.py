"""Loaders: which names they know, what they return, and what they say when a set is missing."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from nnlab.datasets import load_images, load_text

pytestmark = pytest.mark.usefixtures("cache_folder")


def test_image_data_tells_what_it_holds_and_is_frozen():
    data = load_images("digits")
    assert (data.image_shape, data.num_classes, data.class_names[7]) == ((28, 28, 1), 10, "7")
    assert (data.name, data.license) == ("digits", "CC BY 4.0")
    assert "Alpaydin" in data.source
    with pytest.raises(FrozenInstanceError):
        data.name = "mnist"


def test_importing_the_loaders_loads_no_heavy_package():
    heavy = {"keras", "tensorflow", "jax", "torch", "matplotlib", "sklearn", "scipy", "pooch"}
    code = "import sys, nnlab.datasets; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not heavy & set(loaded)


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MNIST", "tiny_shakespeare", "", None, 3, ["mnist"]])
def test_an_unknown_image_set_is_refused_with_the_known_names(name):
    known = r"known are mnist, fashion_mnist, cifar10, caltech101, digits, shapes, sketches\."
    with pytest.raises(ValueError, match=known):
        load_images(name)


@pytest.mark.parametrize("name", ["novel.txt", "a whole text " * 1000, "mnist", None])
def test_an_unknown_text_is_refused_with_the_known_names_and_the_way_to_load_an_own_file(name):
    with pytest.raises(ValueError, match=r"known are tiny_shakespeare, python_docs\..*Path\.$"):
        load_text(name)


def test_the_name_of_a_file_as_a_str_is_refused_with_the_call_that_loads_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.txt").write_text("my text")
    with pytest.raises(ValueError, match=r"there is such a file: load_text\(Path\('my\.txt'\)\)"):
        load_text("my.txt")
    assert load_text(Path("my.txt")).text == "my text"


@pytest.mark.parametrize("offline", ["mnist", "python_docs", True, "yes"])
def test_only_an_embedded_set_of_the_same_kind_can_stand_in(offline):
    words = r"must be None or .* need no network \(digits, shapes, sketches\)"
    with pytest.raises(ValueError, match=words):
        load_images("mnist", offline=offline)


# ---- missing files -------------------------------------------------------------------------------


def test_a_missing_set_is_an_error_that_says_where_it_looked_and_what_to_do(
    cache_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_images("mnist")
    words = [
        "mnist/train-images-idx3-ubyte.gz is not here and could not be downloaded (NNLAB_OFFLINE",
        f"looked in  {tmp_path}\n",
        f"looked in  {cache_folder} (no such folder)",
        "tried      no address: NNLAB_OFFLINE is set",
        "nnlab data fetch mnist",
        "set NNLAB_DATA to a folder that holds mnist/train-images-idx3-ubyte.gz",
        'offline="digits"',
    ]
    for word in words:
        assert word in str(caught.value)
    assert not cache_folder.exists()


@pytest.mark.parametrize(
    ("load", "name", "stand_in"),
    [
        (load_images, "fashion_mnist", "digits"),
        (load_images, "cifar10", "shapes"),
        (load_text, "tiny_shakespeare", "python_docs"),
    ],
)
def test_the_stand_in_that_an_error_proposes_is_announced_by_a_warning_and_by_its_name(
    load, name, stand_in
):
    with pytest.raises(FileNotFoundError, match=f'load with offline="{stand_in}"'):
        load(name)
    with pytest.warns(UserWarning, match=rf"^{stand_in} stands in for {name}.*not here") as caught:
        data = load(name, offline=stand_in)
    assert data.name == stand_in
    assert Path(caught[0].filename) == Path(__file__)
