"""Images with a box around each object in them, with their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import bccd, smears

DATASETS = {each.DATASET.name: each.DATASET for each in (bccd, smears)}


@dataclass(frozen=True, eq=False)
class BoxData:
    """Images of one size, a box around each object in them, and where they come from.

    images: raw uint8, (num_images, height, width, channels), 0 to 255.
    boxes: of each image, float32 (num_objects, 4): left, top, right, bottom, in pixels from the top
        left corner, as annotated. A box may have no width or height where the annotation has none.
    labels: of each image, uint8 (num_objects,): the class of label k is ``class_names[k]``.
    parts: of each image, the published part that it belongs to: "train", "val" or "test".
    image_names: of each image, its name in the annotation.
    """

    images: np.ndarray
    boxes: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    parts: tuple[str, ...]
    image_names: tuple[str, ...]
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
        return self.images.shape[1:]


def load_boxes(name, *, offline=None):
    """Return images with a box around each object as `BoxData`.

    name: ``bccd`` (364 photos of blood under a microscope, 240×320, colour), whose file comes from
        the folders in NNLAB_DATA, else from the cache, else from public addresses, and must have
        the right content; or ``smears`` (60 drawings of the same classes, 120×160), which are
        embedded and need no network.
    offline: what to load, with a warning, where the file cannot be had: ``smears`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="box")
    images, boxes, labels, parts, image_names = dataset.read(contents)
    return BoxData(
        images=images,
        boxes=boxes,
        labels=labels,
        parts=parts,
        image_names=image_names,
        class_names=dataset.class_names,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
