"""What tests of the command share: notebooks to run."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from nnlab.cli._notebooks import run_notebooks
from nnlab.cli._records import RECORD


@pytest.fixture(scope="session")
def write_notebook():
    """Return a function that writes a notebook of a title and these code cells."""

    def write(path, *sources, **metadata):
        cells = [new_markdown_cell("# A title"), *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
        return path

    return write


@pytest.fixture(scope="session")
def shows_a_record():
    """Return the source of a cell that ends in a run record."""
    return f"""
record = {{"metrics": [{{"name": "accuracy", "value": 0.5}}], "seed": 1}}
class Record:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {{"text/plain": "a table", {RECORD!r}: record}}
Record()
"""


@pytest.fixture(scope="session")
def run_one():
    """Return a function that runs one notebook into a folder, and returns its result."""

    def run(path, out, **settings):
        [result] = run_notebooks([path], out, **settings)
        return result

    return run
