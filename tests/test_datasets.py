"""Loaders, their look-up order, what they say when something is missing or damaged, and `nnlab data`."""

import gzip
import hashlib
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.datasets import _files, load_images, load_text
from nnlab.datasets._registry import DATASETS


def write_tiny_mnist(folder, bases=()):
    """Write four files like those of MNIST, in small, into a folder; return their `DataSet`."""
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 256, (6, 28, 28)), np.arange(6), rng.integers(0, 256, (3, 28, 28)), np.arange(3)]
    files = []
    for file, part in zip(DATASETS["mnist"].files, parts, strict=True):
        sizes = b"".join(size.to_bytes(4, "big") for size in part.shape)
        payload = bytes([0, 0, 8, part.ndim]) + sizes + part.astype(np.uint8).tobytes()
        packed = gzip.compress(payload, mtime=0)
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed)
        hashes = [hashlib.sha256(content).hexdigest() for content in (packed, payload)]
        urls = tuple(base + file.path for base in bases)
        files.append(replace(file, size=len(packed), sha256=hashes[0], urls=urls))
        files[-1] = replace(files[-1], payload_size=len(payload), payload_sha256=hashes[1])
    return replace(DATASETS["mnist"], files=tuple(files))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache folder, no other folder, and no network."""
    for name in ("NNLAB_DATA", "NNLAB_CACHE", "NNLAB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "cache"


@pytest.fixture
def provided(tmp_path, monkeypatch):
    """A folder with a tiny set that calls itself mnist, named last in NNLAB_DATA."""
    folder = tmp_path / "provided"
    monkeypatch.setitem(DATASETS, "mnist", write_tiny_mnist(folder))
    monkeypatch.setenv("NNLAB_DATA", os.pathsep.join([str(tmp_path / "nowhere"), "", str(folder)]))
    return folder


@pytest.fixture
def cached(cache, monkeypatch):
    """The tiny set in the cache."""
    monkeypatch.setitem(DATASETS, "mnist", write_tiny_mnist(cache))
    return cache


def run(*words):
    return CliRunner().invoke(app, ["data", *words])


# ---- embedded sets ---------------------------------------------------------------------------------------


def test_digits_are_those_of_scikit_learn_enlarged_and_padded():
    data, original = load_images("digits"), load_digits()
    images, labels = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    assert (images.shape, images.dtype, labels.dtype) == ((1797, 28, 28, 1), np.uint8, np.uint8)
    assert (len(data.x_train), len(data.x_test)) == (1437, 360)
    np.testing.assert_array_equal(labels, original.target)
    for row in range(3):
        for column in range(3):  # each pixel has become nine
            small = images[:, 2 + row : 26 : 3, 2 + column : 26 : 3, 0]
            np.testing.assert_allclose(small / 255 * 16, original.images, atol=16 / 255 / 2)
    assert images[:, 2:26, 2:26].sum() == images.sum()
    assert (images.min(), images.max()) == (0, 255)


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
    code = (
        "import sys, nnlab.datasets; print({'keras', 'matplotlib', 'sklearn', 'pooch', 'requests'} & set(sys.modules))"
    )
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
    with pytest.raises(ValueError, match=r"must be None or .* needs no network \(digits\)"):
        load_images("digits", offline=offline)


# ---- missing files ---------------------------------------------------------------------------------------


def test_a_missing_set_is_an_error_that_says_where_it_looked_and_what_to_do(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        load_images("mnist")
    words = ["mnist/train-images-idx3-ubyte.gz", str(tmp_path), f"{cache} (no such folder)", "NNLAB_OFFLINE is set"]
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


def test_no_stand_in_when_the_real_set_is_there(provided):
    assert load_images("mnist", offline="digits").name == "mnist"


# ---- the folders of NNLAB_DATA, and the cache ---------------------------------------------------------------


def test_files_come_from_the_first_folder_that_has_them_and_the_cache_stays_untouched(provided, cache):
    data = load_images("mnist")
    assert (data.x_train.shape, data.x_test.shape) == ((6, 28, 28, 1), (3, 28, 28, 1))
    np.testing.assert_array_equal(data.y_train, np.arange(6))
    assert not cache.exists()


def test_files_may_be_spread_over_several_folders(provided, tmp_path, monkeypatch):
    file = DATASETS["mnist"].files[0]
    (tmp_path / "other/mnist").mkdir(parents=True)
    (provided / file.path).rename(tmp_path / "other" / file.path)
    assert _files.state(DATASETS["mnist"]) == "absent"
    monkeypatch.setenv("NNLAB_DATA", f"{provided}{os.pathsep}{tmp_path / 'other'}")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


@pytest.mark.parametrize("level", [0, 1, 9])
def test_another_gzip_of_the_same_payload_is_accepted(provided, level):
    path = provided / DATASETS["mnist"].files[0].path
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), level, mtime=7))
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


def damaged_versions(content):
    other = bytearray(gzip.decompress(content))
    other[-1] ^= 1
    return {
        "truncated": content[:-100],
        "empty": b"",
        "one_bit_wrong": content[:-200] + bytes([content[-200] ^ 1]) + content[-199:],
        "other_payload": gzip.compress(bytes(other)),
        "web_page": b"<html>Please log in</html>",
        "surplus": content + b"x",
        "bomb": gzip.compress(bytes(2**22)),
        "too_long": content * 50,
    }


@pytest.mark.parametrize("kind", damaged_versions(gzip.compress(bytes(range(256)) * 3)))
def test_a_damaged_file_of_the_reader_is_refused_and_left_alone(provided, kind):
    file = DATASETS["mnist"].files[0]
    path = provided / file.path
    bad = damaged_versions(path.read_bytes())[kind]
    path.write_bytes(bad)
    with pytest.raises(ValueError, match=r"is damaged: expected .* got .*NNLAB_DATA") as caught:
        load_images("mnist", offline="digits")
    for word in (str(path), file.sha256, f"{file.size:,} bytes", f"got {len(bad):,} bytes"):
        assert word in str(caught.value)
    assert path.read_bytes() == bad


@pytest.mark.parametrize("kind", ["truncated", "one_bit_wrong"])
def test_a_damaged_file_in_the_cache_is_never_used_and_set_aside(cached, kind):
    path = cached / DATASETS["mnist"].files[2].path
    path.write_bytes(damaged_versions(path.read_bytes())[kind])
    with pytest.raises(ValueError, match=r"was damaged: expected .* got .*t10k-images.*damaged"):
        load_images("mnist")
    assert not path.exists()
    assert path.with_name(path.name + ".damaged").exists()
    with pytest.raises(FileNotFoundError):
        load_images("mnist")


def test_a_good_file_is_not_set_aside_even_when_it_was_damaged_a_moment_ago(cached):
    file = DATASETS["mnist"].files[0]
    assert _files.set_aside(cached / file.path, file)
    assert load_images("mnist").name == "mnist"


def test_a_folder_in_the_place_of_a_file_is_damage(provided):
    path = provided / DATASETS["mnist"].files[0].path
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="not a plain file"):
        load_images("mnist")


def test_the_cache_is_the_folder_data_of_a_checkout(monkeypatch):
    monkeypatch.delenv("NNLAB_CACHE")
    assert _files.cache_folder() == Path(__file__).resolve().parents[1] / "data"


def test_the_cache_of_an_installed_package_is_that_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("NNLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_files, "__file__", str(tmp_path / "site-packages/nnlab/datasets/_files.py"))
    assert _files.cache_folder().name == "nnlab"
    assert tmp_path / "site-packages" not in _files.cache_folder().parents


# ---- the reader's own text -------------------------------------------------------------------------------


def test_an_own_text_is_read_as_utf8_with_plain_line_ends(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_bytes("\ufeffÄrger\r\nund Öl\r".encode())
    data = load_text(path)
    assert (data.text, data.name, data.source) == ("Ärger\nund Öl\n", "novel", str(path))


def test_a_text_that_is_not_utf8_is_refused_with_the_place_and_a_way_out(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_bytes("first line\nÄrger".encode("latin-1"))
    with pytest.raises(ValueError, match=r"novel\.txt: expected UTF-8.*byte 0xc4 at position 11 \(line 2\).*iconv"):
        load_text(path)


def test_an_empty_text_is_refused(tmp_path):
    (tmp_path / "novel.txt").write_bytes(b"\n \n")
    with pytest.raises(ValueError, match="expected text, got"):
        load_text(tmp_path / "novel.txt")


# ---- nnlab data --------------------------------------------------------------------------------------------


def test_list_shows_each_set_with_its_state_in_80_columns(cached):
    path = cached / DATASETS["mnist"].files[0].path
    result = run("list")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[-1] for line in result.output.splitlines()}
    embedded = {"digits": "embedded", "python_docs": "embedded"}
    absent = {"fashion_mnist": "absent", "tiny_shakespeare": "absent"}
    assert rows == {"name": "state", "mnist": "cached", **embedded, **absent}
    assert max(map(len, result.output.splitlines())) <= 80
    path.write_bytes(b"")
    assert "damaged" in run("list").output


def test_verify_names_a_damaged_file_and_fails(provided):
    assert run("verify").exit_code == 0
    path = provided / DATASETS["mnist"].files[1].path
    path.write_bytes(b"no")
    result = run("verify", "mnist")
    assert result.exit_code == 1
    assert f"damaged  {path}" in result.output
    assert result.output.count("ok  ") == 3


def test_fetch_says_what_is_there_and_fails_on_what_cannot_be_had(provided):
    result = run("fetch", "mnist", "digits")
    assert result.exit_code == 0
    assert result.output.count("already there") == 2
    result = run("fetch", "fashion_mnist")
    assert result.exit_code == 1
    assert "NNLAB_OFFLINE is set" in result.output


def test_fetch_refuses_an_unknown_name():
    result = run("fetch", "imagenet")
    assert result.exit_code == 2
    assert "imagenet" in result.output


def test_where_shows_the_folders_in_order(provided, cache, tmp_path):
    lines = run("where").output.splitlines()
    folders = [f"{tmp_path / 'nowhere'}  (does not exist)", str(provided), f"{cache}  (does not exist)"]
    assert [line.split(maxsplit=1)[1] for line in lines[:3]] == folders
    assert "NNLAB_OFFLINE" in lines[3]
