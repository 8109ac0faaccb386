"""The command `nnlab data`: list, fetch, verify, where."""

import pytest
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.datasets.images import DATASETS

pytestmark = pytest.mark.usefixtures("cache_folder")


@pytest.fixture
def data(monkeypatch):
    """Return a function that runs `nnlab data` with some words in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *words: CliRunner().invoke(app, ["data", *words])


def test_list_shows_each_set_with_its_state_in_80_columns(data, cached):
    result = data("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    states = {line.split()[0]: line.split()[-1] for line in lines}
    assert states == {
        "name": "state",
        "mnist": "cached",
        "fashion_mnist": "absent",
        "cifar10": "absent",
        "caltech101": "absent",
        "digits": "embedded",
        "shapes": "embedded",
        "sketches": "embedded",
        "bccd": "absent",
        "smears": "embedded",
        "nuclei": "absent",
        "blobs": "embedded",
        "tiny_shakespeare": "absent",
        "python_docs": "embedded",
        "imdb": "absent",
        "opinions": "embedded",
        "spa_eng": "absent",
        "phrases": "embedded",
        "etth1": "absent",
        "etth2": "absent",
        "sunspots": "absent",
        "passengers": "absent",
        "temperatures": "absent",
        "loads": "embedded",
        "seasons": "embedded",
        "spoken_digits": "absent",
        "formants": "embedded",
        "squeezenet": "absent",
        "random_squeezenet": "embedded",
    }
    assert max(map(len, lines)) <= 80
    assert "170.1 MB" in lines[3]
    [small] = [line for line in lines if line.startswith("passengers")]
    assert " 2 kB " in small
    (cached / DATASETS["mnist"].files[0].path).write_bytes(b"")
    assert "damaged" in data("list").output


def test_verify_names_a_damaged_file_and_fails(data, provided):
    assert data("verify").exit_code == 0
    path = provided / DATASETS["mnist"].files[1].path
    path.write_bytes(b"no")
    result = data("verify", "mnist")
    assert result.exit_code == 1
    assert f"damaged  {path}\n         expected 14 bytes with sha256" in result.output
    assert result.output.count("ok  ") == 3


def test_verify_says_what_is_absent_and_what_needs_no_file(data):
    result = data("verify", "cifar10", "shapes")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "absent   cifar10/cifar-10-binary.tar.gz",
        "shapes: embedded, nothing to verify",
    ]


def test_fetch_says_what_is_there_and_fails_on_what_cannot_be_had(data, provided):
    result = data("fetch", "mnist", "digits")
    assert result.exit_code == 0
    assert f"mnist: already there (provided) in {provided / 'mnist'}" in result.output
    assert "digits: already there (embedded)" in result.output
    result = data("fetch", "fashion_mnist")
    assert result.exit_code == 1
    assert "NNLAB_OFFLINE is set" in result.output


def test_fetch_downloads_even_where_a_quick_run_would_not(
    data, write_tiny_mnist, tmp_path, monkeypatch
):
    monkeypatch.setenv("NNLAB_QUICK", "1")
    monkeypatch.delenv("NNLAB_OFFLINE")
    write_tiny_mnist(tmp_path / "published", ["http://127.0.0.1:9/"])
    result = data("fetch", "mnist")
    assert result.exit_code == 1
    assert "http://127.0.0.1:9/mnist/train-images-idx3-ubyte.gz: no connection" in result.output


def test_fetch_refuses_an_unknown_name(data):
    result = data("fetch", "imagenet")
    assert result.exit_code == 2
    assert "imagenet" in result.output


def test_where_shows_the_folders_in_order_and_whether_the_network_is_used(
    data, provided, cache_folder, tmp_path, monkeypatch
):
    lines = data("where").output.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        f"{tmp_path / 'nowhere'}  (does not exist)",
        str(provided),
        f"{cache_folder}  (does not exist)",
        "never: NNLAB_OFFLINE is set",
    ]
    monkeypatch.delenv("NNLAB_OFFLINE")
    assert data("where").output.splitlines()[-1] == "network    allowed"
    monkeypatch.setenv("NNLAB_QUICK", "1")
    assert "only for `nnlab data fetch`: a quick run" in data("where").output
