"""Texts as one string each, with their source and licence."""

import os
from dataclasses import dataclass
from pathlib import Path

from nnlab.datasets import _encodings, _files
from nnlab.datasets.sets import python_docs, tiny_shakespeare

DATASETS = {each.DATASET.name: each.DATASET for each in (tiny_shakespeare, python_docs)}


@dataclass(frozen=True, eq=False)
class TextData:
    """A text (str) and where it comes from."""

    text: str
    name: str
    source: str
    license: str


def load_text(name, *, offline=None):
    """Return a text data set, or a file of your own, as `TextData`.

    name: ``tiny_shakespeare``, whose file comes from the folders in NNLAB_DATA, else from the
        cache, else from public addresses, and must have the right content; ``python_docs``, which
        is embedded and needs no network; or a `pathlib.Path`: your own UTF-8 text file, named by
        the file's stem, whose line ends become ``\\n``.
    offline: what to load, with a warning, where the file cannot be had: ``python_docs`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name, a damaged file, and an own file that is
    empty or not UTF-8.
    """
    if isinstance(name, Path):
        text = _encodings.read_text(name)
        return TextData(text, name=name.stem, source=str(name), license="your own file")
    advice = " Your own text file is loaded by its pathlib.Path"
    is_file = isinstance(name, str) and os.path.isfile(name)  # noqa: PTH113 (Path's may raise)
    if is_file and name not in DATASETS:
        advice += f", and there is such a file: load_text(Path({name!r}))"
    dataset, contents = _files.load(
        name, DATASETS, offline=offline, kind="text", advice=f"{advice}."
    )
    return TextData(
        dataset.read(contents), name=dataset.name, source=dataset.source, license=dataset.license
    )
