"""A notebook in full, where the real data lie in a folder of NNLAB_DATA or in the cache."""

from pathlib import Path

import nbformat
import pytest

from nnlab.cli._notebooks import run_notebooks
from nnlab.datasets import load_images

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_mnist_mlp.ipynb"


def printed_by_checked_cells(path):
    """Return what the cells print of which the output never varies, by the cell's id."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if "nbval-check-output" in cell.metadata.get("tags", ()):
            found[cell.id] = "".join(output.text for output in cell.outputs)
    return found


def test_notebook_01_keeps_its_promise_in_full_and_shows_what_is_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    try:
        load_images("mnist")
    except FileNotFoundError:
        pytest.skip("mnist is neither in a folder of NNLAB_DATA nor in the cache")
    [result] = run_notebooks([NOTEBOOK], tmp_path, timeout=300)
    assert result.error is None, str(result.error)
    stored = printed_by_checked_cells(NOTEBOOK)
    assert stored
    assert printed_by_checked_cells(tmp_path / NOTEBOOK.name) == stored
    [record] = result.records
    assert record["dataset"] == "mnist"
