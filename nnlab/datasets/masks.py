"""Images with a mask of each object in them, with their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import blobs, nuclei

DATASETS = {each.DATASET.name: each.DATASET for each in (nuclei, blobs)}


@dataclass(frozen=True, eq=False)
class MaskData:
    """Images in which each object is outlined, and where they come from. They may differ in size.

    images: raw uint8, each (height, width, channels), 0 to 255.
    labels: uint16, each (height, width), as its image: 0 is background, and k the object number k,
        counted from 1 in each image. ``labels[i] > 0`` is the mask of all of them.
    """

    images: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    name: str
    source: str
    license: str

    @property
    def num_objects(self):
        """How many objects there are in all images together."""
        return sum(int(labels.max(initial=0)) for labels in self.labels)


def load_masks(name, *, offline=None):
    """Return images with a mask of each object as `MaskData`; there is no published split of them.

    name: ``nuclei`` (434 grey images of cell nuclei, most 256×256), whose file comes from the
        folders in NNLAB_DATA, else from the cache, else from public addresses, and must have the
        right content; or ``blobs`` (60 grey drawings, 96×96), which are embedded and need no
        network.
    offline: what to load, with a warning, where the file cannot be had: ``blobs`` or None.
        ``data.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="mask")
    images, labels = dataset.read(contents)
    return MaskData(
        images=images,
        labels=labels,
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
