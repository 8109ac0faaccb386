"""Where files are looked for, and what happens to damaged ones."""

import gzip
import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnlab.datasets import _files, _network, load_images
from nnlab.datasets._registry import DATASETS


def write_tiny_mnist(folder, bases=()):
    """Write four files like those of MNIST, in small, into a folder; return their `DataSet`."""
    rng = np.random.default_rng(0)
    parts = [
        rng.integers(0, 256, (6, 28, 28)),
        np.arange(6),
        rng.integers(0, 256, (3, 28, 28)),
        np.arange(3),
    ]
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


def test_files_come_from_the_first_folder_that_has_them_and_the_cache_stays_untouched(
    provided, cache
):
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


def test_a_payload_that_a_server_has_unpacked_on_the_way_is_accepted(provided):
    path = provided / DATASETS["mnist"].files[0].path
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


def test_a_gzip_bomb_or_a_huge_file_is_judged_without_reading_it_to_its_end(tmp_path):
    file = replace(DATASETS["mnist"].files[0], payload_size=1000)
    path = tmp_path / "bomb.gz"
    bomb = gzip.compress(bytes(2**20)) * 5000  # 5.3 MB that hold 5.2 GB
    path.write_bytes(bomb)
    start = time.monotonic()
    assert f"got {len(bomb):,} bytes" in _files.damage(path, file)
    assert time.monotonic() - start < 2
    with path.open("wb") as stream:
        stream.truncate(2**33)  # a file with a hole: 8 GB in its size, nothing on the disk
    assert _files.damage(path, file).endswith("got 8,589,934,592 bytes")


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
    monkeypatch.setattr(
        _files, "__file__", str(tmp_path / "site-packages/nnlab/datasets/_files.py")
    )
    assert _files.cache_folder().name == "nnlab"
    assert tmp_path / "site-packages" not in _files.cache_folder().parents


def test_no_stand_in_when_the_real_set_is_there(provided):
    assert load_images("mnist", offline="digits").name == "mnist"


# ---- when a download cannot be kept ----------------------------------------------------------------------


@pytest.fixture
def to_be_fetched(tmp_path, monkeypatch):
    """The tiny set at an address; the network is allowed, but no test here comes so far as to use it."""
    monkeypatch.delenv("NNLAB_OFFLINE")
    monkeypatch.setitem(
        DATASETS, "mnist", write_tiny_mnist(tmp_path / "published", ["http://127.0.0.1:9/"])
    )


def test_an_interrupt_leaves_no_half_file(to_be_fetched, cache, monkeypatch):
    def interrupted(url, stream, file):
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(_network, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_images("mnist")
    assert list((cache / "mnist").iterdir()) == []


def test_a_cache_that_cannot_be_written_to_is_named_and_a_stand_in_still_works(
    to_be_fetched, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text(
        ""
    )  # no folder can be made in a file, not even by root, who may write anywhere
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        FileNotFoundError, match=r"Not a directory: .*file/cache(.|\n)*set NNLAB_CACHE"
    ):
        load_images("mnist")
    with pytest.warns(UserWarning, match="digits stands in for mnist"):
        load_images("mnist", offline="digits")
