"""Read a notebook, whoever wrote it: without its outputs, and repaired where that is possible."""

import json
import uuid

import nbformat
from nbformat.validator import isvalid

VOLATILE = ("execution", "ExecuteTime", "collapsed", "scrolled")  # of a cell: every run changes it
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
KERNELS = {"ir": "R", "bash": "bash", "julia": "Julia"}  # for notebooks that name no language


def read_notebook(path):
    """Return the notebook in a file in format 4.5 and without outputs.

    What nbconvert would run is repaired: cell ids of an older format, fields in the wrong place,
    metadata of a wrong form. All other metadata stay; the kernel becomes the one that will run it.

    Raises NotImplementedError for another language than Python, and whatever comes of a file that
    holds no notebook.
    """
    notebook = json.loads(path.read_text("utf-8-sig"))
    version = _version(notebook)
    _check_language(_dict(notebook.get("metadata")), path)
    if version < 4:
        notebook = _upgraded(notebook)
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": _valid_metadata(_dict(notebook.get("metadata"))) | KERNEL,
        "cells": _repaired_cells(notebook["cells"]),
    }
    notebook = nbformat.reader.reads(json.dumps(notebook))  # joins the lines of sources
    nbformat.validate(notebook)
    return notebook


def _version(notebook):
    version = notebook.get("nbformat")
    minor = notebook.get("nbformat_minor", 0)
    if type(version) is not int or type(minor) is not int:
        raise ValueError(f"its format is {version!r}.{minor!r}, and no version")
    if version > 4:
        raise ValueError(f"its format, {version}.{minor}, is newer than 4.5")
    return version


def _check_language(metadata, path):
    kernel = _dict(metadata.get("kernelspec"))
    by_kernel = KERNELS.get(str(kernel.get("name")).rstrip("-.0123456789"))
    by_info = _dict(metadata.get("language_info")).get("name")
    language = kernel.get("language") or by_info or metadata.get("language") or by_kernel
    if language and not str(language).lower().startswith(("python", "ipython")):
        raise NotImplementedError(
            f"it is written in {language}, and nnlab runs Python: "
            f"jupyter nbconvert --to notebook --execute {path.name} runs it in the kernel it names"
        )


def _upgraded(notebook):
    """Return a notebook of format 1 to 3 in format 4, without outputs: they may be of any form."""
    for sheet in notebook.get("worksheets", [notebook]):
        for cell in sheet["cells"]:
            cell["outputs"] = []
    return nbformat.convert(nbformat.reader.reads(json.dumps(notebook)), to_version=4)


def _repaired_cells(cells):
    """Return cells of format 4.5, each with an id of its own."""
    repaired = []
    ids = set()
    for cell in map(_repaired, cells):
        if cell["id"] in ids:
            cell["id"] = _new_id()
        ids.add(cell["id"])
        repaired.append(cell)
    return repaired


def _repaired(cell):
    """Return a cell without outputs, and with those of its fields that format 4.5 allows."""
    kind = cell["cell_type"]
    if kind not in ("code", "markdown", "raw"):
        raise ValueError(f"it has a cell of type {kind!r}, which format 4 does not know")
    bare = {"id": _new_id(), "cell_type": kind, "metadata": {}, "source": ""}
    if kind == "code":
        bare |= {"outputs": [], "execution_count": None}

    def fits(**field):
        return isvalid(bare | field, f"{kind}_cell", version=4, version_minor=5)

    metadata = {}
    for name, value in _dict(cell.get("metadata")).items():
        if name not in VOLATILE and fits(metadata={name: value}):
            metadata[name] = value
    repaired = bare | {"metadata": metadata, "source": cell.get("source") or ""}
    for name in ("id", "attachments"):
        if name in cell and fits(**{name: cell[name]}):
            repaired[name] = cell[name]
    return repaired


def _valid_metadata(metadata):
    """Return a notebook's metadata that format 4.5 allows; the state of widgets is an output."""
    bare = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    valid = {}
    for name, value in metadata.items():
        if name != "widgets" and isvalid(bare | {"metadata": {name: value}}):
            valid[name] = value
    return valid


def _dict(value):
    return value if isinstance(value, dict) else {}


def _new_id():
    return uuid.uuid4().hex[:8]
