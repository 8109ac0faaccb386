"""Text data sets as one string each, with their source and licence."""

import platform
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from nnlab.datasets import _files, _registry


@dataclass(frozen=True, eq=False)
class TextData:
    """A text (str) and where it comes from."""

    text: str
    name: str
    source: str
    license: str


def load_text(name, *, offline=None):
    """Return the text ``tiny_shakespeare`` or ``python_docs``, or a file of your own, as `TextData`.

    tiny_shakespeare: 1,115,394 characters, 65 distinct, public domain. The file comes from the folders in
    NNLAB_DATA, else from the cache, else from public addresses; it must have the right sha256.

    python_docs: the help topics of this Python (``pydoc_data.topics``, Python Software Foundation License), so no
    network is needed. About half a million characters; they differ a little between versions of Python.

    A `pathlib.Path` instead of a name: your UTF-8 text file, named by the file's stem; line ends become ``\\n``.

    Where the file cannot be had, ``offline="python_docs"`` warns and returns python_docs (``data.name`` tells);
    without it, FileNotFoundError says what was tried and what to do. ValueError: an unknown name, a damaged file,
    a file that is empty or not UTF-8.
    """
    if isinstance(name, Path):
        return _own_text(name)
    dataset = _registry.find_dataset(name, "text", offline)
    if dataset.embedded:
        return _python_docs(dataset)
    try:
        (path,) = _files.locate(dataset)
    except FileNotFoundError as error:
        if offline is None:
            raise
        warnings.warn(_registry.stand_in_warning(dataset, offline, error), stacklevel=2)
        return load_text(offline)
    return replace(_own_text(path), name=name, source=dataset.source, license=dataset.license)


def _python_docs(dataset):
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[key].strip() for key in sorted(topics))
    source = f"{dataset.source} of Python {platform.python_version()}"
    return TextData(text, dataset.name, source, dataset.license)


def _own_text(path):
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}: expected UTF-8 text, got the byte 0x{raw[error.start]:02x} at position {error.start:,} "
            f"(line {line:,}). Save the file as UTF-8 in your editor, or convert it: "
            f"iconv -f latin1 -t utf-8 {path.name} > new.txt"
        ) from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError(
            f"{path}: expected text, got an empty file. Choose a file with something to learn from."
        )
    return TextData(text, path.stem, str(path), "your own file")
