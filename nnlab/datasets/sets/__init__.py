"""What is known of each data set: who made it, its licence, its files, how they become arrays.

A new data set is a file in this folder that defines ``DATASET``, its name in the collection of its
kind (``audio.py``, ``boxes.py``, ``images.py``, ``masks.py``, ``pairs.py``, ``reviews.py``,
``series.py``, ``texts.py``, ``weights.py``), and a test.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One published file. What counts is the content, however it is packed.

    path: where it lies inside a data folder, such as ``mnist/train-images-idx3-ubyte.gz``.
    urls: the addresses that offer it, in the order in which they are asked.
    download_bytes: the size of the published file.
    content_bytes: the size of the content: unpacked, or of an archive's data members together.
    content_sha256: the SHA-256 of the content; for an archive, see
    `nnlab.datasets._formats.listing_sha256`.
    members: for an archive, patterns of the paths of its data members inside the data's own folder;
        else ().
    beginnings: where an archive holds more data members than are used, how the paths of those begin
        that are, all of one length; else ().
    """

    path: str
    urls: tuple[str, ...]
    download_bytes: int
    content_bytes: int
    content_sha256: str
    members: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set. Without files it is embedded: an installed package holds it, or code makes it.

    read: a function that takes a list with the content of each file and returns the arrays, or the
        text.
    stand_in: the embedded data set that best takes its place where there is no network.
    """

    name: str
    title: str
    source: str
    license: str
    read: Callable
    files: tuple[DataFile, ...] = ()
    class_names: tuple[str, ...] = ()
    stand_in: str | None = None

    @property
    def embedded(self):
        """Whether it needs no file, and so no network."""
        return not self.files
