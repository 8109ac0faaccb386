"""What tests of the command share: notebooks to run."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from nnlab.cli._notebooks import RECORD


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
class Record:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {{"text/plain": "a table", {RECORD!r}: {{"metrics": {{"accuracy": 0.5}}, "seed": 1}}}}
Record()
"""
