"""Loaders: what they return, which names they know, and what they say when a set is missing."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nnlab.datasets import load_images, load_text


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache folder, no other folder, and no network."""
    for name in ("NNLAB_DATA", "NNLAB_CACHE", "NNLAB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "cache"


# ---- embedded sets ---------------------------------------------------------------------------------------


def test_digits_are_those_of_scikit_learn_enlarged_and_padded():
    data, original = load_images("digits"), load_digits()
    images, labels = (
        np.concatenate([data.x_train, data.x_test])[..., 0],
        np.concatenate([data.y_train, data.y_test]),
    )
    assert (images.shape, images.dtype, labels.dtype) == ((1797, 28, 28), np.uint8, np.uint8)
    assert images[:, 2:26, 2:26].sum() == images.sum()
    assert (images.min(), images.max()) == (0, 255)
    small = np.rint(
        images[:, 3:26:3, 3:26:3] / 255 * 16
    )  # the pixel in the middle of nine is the original one
    found = sorted((label, *image.ravel()) for label, image in zip(labels, small, strict=True))
    assert found == sorted(
        (label, *image.ravel())
        for label, image in zip(original.target, original.images, strict=True)
    )
    between = (
        images[:, 3:21, 3:26:3].astype(float).reshape(len(images), 6, 3, 8)
    )  # linear from one to the next
    np.testing.assert_allclose(
        between[:, :-1, 1], (2 * between[:, :-1, 0] + between[:, 1:, 0]) / 3, atol=1
    )


def test_the_test_part_of_digits_is_a_fifth_with_every_class_alike():
    data, again = load_images("digits"), load_images("digits")
    assert (len(data.x_train), len(data.x_test)) == (1437, 360)
    assert set(np.bincount(data.y_test)) <= {35, 36, 37}
    assert not {image.tobytes() for image in data.x_train} & {
        image.tobytes() for image in data.x_test
    }
    np.testing.assert_array_equal(data.x_test, again.x_test)


def test_image_data_tells_what_it_holds_and_is_frozen():
    data = load_images("digits")
    assert (data.image_shape, data.num_classes, data.class_names[7]) == ((28, 28, 1), 10, "7")
    assert (data.name, data.license) == ("digits", "CC BY 4.0")
    assert "Alpaydin" in data.source
    with pytest.raises(FrozenInstanceError):
        data.name = "mnist"


def test_python_docs_are_the_help_texts_of_this_python():
    data = load_text("python_docs")
    assert 300_000 < len(data.text) < 1_000_000
    assert 'The "if" statement' in data.text
    assert (data.name, data.license) == ("python_docs", "PSF-2.0")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in data.source
    assert load_text("python_docs").text == data.text


def test_importing_the_loaders_loads_no_heavy_package():
    code = "import sys, nnlab.datasets; print({'keras', 'matplotlib', 'sklearn', 'pooch', 'requests'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


# ---- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MNIST", "tiny_shakespeare", "", None, 3, ["mnist"]])
def test_an_unknown_image_set_is_refused_with_the_known_names(name):
    with pytest.raises(ValueError, match=r"known are mnist, fashion_mnist, digits\."):
        load_images(name)


def test_an_unknown_text_is_refused_with_the_known_names_and_the_way_to_load_an_own_file():
    with pytest.raises(ValueError, match=r"known are tiny_shakespeare, python_docs\..*Path"):
        load_text("novel.txt")


@pytest.mark.parametrize("offline", ["mnist", "python_docs", True, "yes"])
def test_only_an_embedded_set_of_the_same_kind_can_stand_in(offline):
    with pytest.raises(ValueError, match=r"must be None or .* need no network \(digits\)"):
        load_images("digits", offline=offline)


# ---- missing files ---------------------------------------------------------------------------------------


def test_a_missing_set_is_an_error_that_says_where_it_looked_and_what_to_do(
    cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_images("mnist")
    words = [
        "mnist/train-images-idx3-ubyte.gz",
        str(tmp_path),
        f"{cache} (no such folder)",
        "NNLAB_OFFLINE is set",
    ]
    for word in [*words, "nnlab data fetch mnist", "NNLAB_DATA", 'offline="digits"']:
        assert word in str(caught.value)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("load", "name", "stand_in"),
    [(load_images, "fashion_mnist", "digits"), (load_text, "tiny_shakespeare", "python_docs")],
)
def test_a_stand_in_is_announced_by_a_warning_and_by_its_name(load, name, stand_in):
    with pytest.warns(UserWarning, match=rf"^{stand_in} stands in for {name}.*not here") as caught:
        data = load(name, offline=stand_in)
    assert data.name == stand_in
    assert Path(caught[0].filename) == Path(__file__)


# ---- the reader's own text -------------------------------------------------------------------------------


def test_an_own_text_is_read_as_utf8_with_plain_line_ends(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_bytes("\ufeffÄrger\r\nund Öl\r".encode())
    data = load_text(path)
    assert (data.text, data.name, data.source) == ("Ärger\nund Öl\n", "novel", str(path))


def test_a_text_that_is_not_utf8_is_refused_with_the_place_and_a_way_out(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_bytes("first line\nÄrger".encode("latin-1"))
    with pytest.raises(
        ValueError, match=r"novel\.txt: expected UTF-8.*byte 0xc4 at position 11 \(line 2\).*iconv"
    ):
        load_text(path)


def test_an_empty_text_is_refused(tmp_path):
    (tmp_path / "novel.txt").write_bytes(b"\n \n")
    with pytest.raises(ValueError, match="expected text, got"):
        load_text(tmp_path / "novel.txt")
