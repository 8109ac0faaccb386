"""Where files are looked for, and what happens to damaged ones."""

import gzip
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnlab.datasets import _files, load_images
from nnlab.datasets.images import DATASETS

pytestmark = pytest.mark.usefixtures("cache_folder")


def test_files_come_from_the_first_folder_that_has_them_and_the_cache_stays_untouched(
    provided, cache_folder
):
    data = load_images("mnist")
    assert (data.x_train.shape, data.x_test.shape) == ((6, 28, 28, 1), (3, 28, 28, 1))
    np.testing.assert_array_equal(data.y_train, np.arange(6))
    assert not cache_folder.exists()


def test_files_may_be_spread_over_several_folders(provided, tmp_path, monkeypatch):
    file = DATASETS["mnist"].files[0]
    (tmp_path / "other/mnist").mkdir(parents=True)
    (provided / file.path).rename(tmp_path / "other" / file.path)
    assert _files.state(DATASETS["mnist"]) == "absent"
    monkeypatch.setenv("NNLAB_DATA", f"{provided}{os.pathsep}{tmp_path / 'other'}")
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


def test_no_stand_in_when_the_real_set_is_there(provided):
    assert load_images("mnist", offline="digits").name == "mnist"


def test_a_quick_run_takes_the_real_set_where_it_is_there(provided, monkeypatch):
    monkeypatch.setenv("NNLAB_QUICK", "1")
    assert load_images("mnist", offline="digits").name == "mnist"


@pytest.mark.parametrize("level", [0, 1, 9])
def test_the_same_content_packed_by_another_gzip_is_accepted(provided, level):
    path = provided / DATASETS["mnist"].files[0].path
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), level, mtime=7))
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


def test_content_that_a_server_has_unpacked_on_the_way_is_accepted(provided):
    path = provided / DATASETS["mnist"].files[0].path
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert load_images("mnist").x_train.shape == (6, 28, 28, 1)


def test_a_gzip_bomb_or_a_huge_file_is_judged_without_reading_it_to_its_end(tmp_path):
    file = replace(DATASETS["mnist"].files[0], content_bytes=1000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(2**20)) * 5000)  # 5.3 MB that hold 5.2 GB
    start = time.monotonic()
    assert _files.damage(path, file).endswith("got more than 1,000 bytes")
    with path.open("wb") as stream:
        stream.truncate(2**33)  # a file with a hole: 8 GB in its size, nothing on the disk
    assert _files.damage(path, file).endswith("got more than 1,000 bytes")
    assert time.monotonic() - start < 2


# ---- damaged files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ("truncated", "got a broken gzip stream"),
        ("empty", "got 0 bytes with sha256 e3b0c442"),
        ("one bit wrong", "got a broken gzip stream"),
        ("other content", "got 4,720 bytes with sha256"),
        ("web page", "got 26 bytes with sha256"),
        ("surplus", "got a broken gzip stream"),
        ("bomb", "got more than 4,720 bytes"),
        ("too long", "got more than 4,720 bytes"),
    ],
)
def test_a_damaged_file_of_the_reader_is_refused_and_left_alone(provided, damaged, how, got):
    file = DATASETS["mnist"].files[0]
    path = provided / file.path
    bad = damaged(path.read_bytes(), how)
    path.write_bytes(bad)
    with pytest.raises(ValueError, match=rf"is damaged: expected .* {got}.*NNLAB_DATA") as caught:
        load_images("mnist", offline="digits")
    assert str(path) in str(caught.value)
    assert f"expected 4,720 bytes with sha256 {file.content_sha256}" in str(caught.value)
    assert path.read_bytes() == bad


@pytest.mark.parametrize("how", ["truncated", "one bit wrong"])
def test_a_damaged_file_in_the_cache_is_never_used_and_set_aside(cached, damaged, how):
    path = cached / DATASETS["mnist"].files[2].path
    path.write_bytes(damaged(path.read_bytes(), how))
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


# ---- where the cache is --------------------------------------------------------------------------


def test_the_cache_is_the_folder_data_of_a_checkout(monkeypatch):
    monkeypatch.delenv("NNLAB_CACHE")
    assert _files.cache_folder() == Path(__file__).resolve().parents[2] / "data"


def test_the_cache_of_an_installed_package_is_that_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("NNLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    installed = tmp_path / "site-packages/nnlab/datasets/_files.py"
    monkeypatch.setattr(_files, "__file__", str(installed))
    assert _files.cache_folder().name == "nnlab"
    if sys.platform == "linux":
        assert _files.cache_folder() == tmp_path / "nnlab"
    assert tmp_path / "site-packages" not in _files.cache_folder().parents
