"""The command `nnlab data`: list, fetch, verify, where."""

import os

import pytest
from test_data_files import write_tiny_mnist
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.datasets._registry import DATASETS


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
    folders = [
        f"{tmp_path / 'nowhere'}  (does not exist)",
        str(provided),
        f"{cache}  (does not exist)",
    ]
    assert [line.split(maxsplit=1)[1] for line in lines[:3]] == folders
    assert "NNLAB_OFFLINE" in lines[3]
