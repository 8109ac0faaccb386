"""Image data sets as arrays of uint8 that carry their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import (
    caltech101,
    cifar10,
    digits,
    fashion_mnist,
    mnist,
    shapes,
    sketches,
)

SETS = (mnist, fashion_mnist, cifar10, caltech101, digits, shapes, sketches)
DATASETS = {each.DATASET.name: each.DATASET for each in SETS}


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images with labels, in a training and a test part, and where they come from.

    x_train, x_test: raw uint8, (num_images, height, width, channels), 0 to 255.
    y_train, y_test: uint8, (num_images,), counted from 0: the class of label k is
        ``class_names[k]``.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    name: str
    source: str
    license: str

    @property
    def num_classes(self):
        """How many classes there are."""
        return len(self.class_names)

    @property
    def image_shape(self):
        """(height, width, channels)"""
        return self.x_train.shape[1:]


def load_images(name, *, offline=None):
    """Return an image data set as `ImageData`.

    name: ``mnist``, ``fashion_mnist`` (28×28, grey), ``cifar10`` (32×32, colour) or ``caltech101``
        (photos, 192×192), whose files come from the folders in NNLAB_DATA, else from the cache,
        else from public addresses, and must have the right content; or ``digits`` (28×28, grey),
        ``shapes`` (32×32, colour) or ``sketches`` (64×64, colour), which are embedded and need no
        network.
    offline: what to load, with a warning, where the files cannot be had: ``digits``, ``shapes``,
        ``sketches`` or None. ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the files cannot be
    had and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="image")
    x_train, y_train, x_test, y_test = dataset.read(contents)
    return ImageData(
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        class_names=dataset.class_names,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
