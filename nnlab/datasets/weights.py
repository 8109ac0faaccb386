"""Weights of trained networks, which carry their source and licence."""

from dataclasses import dataclass

import numpy as np

from nnlab.datasets import _files
from nnlab.datasets.sets import random_squeezenet, squeezenet

DATASETS = {each.DATASET.name: each.DATASET for each in (squeezenet, random_squeezenet)}


@dataclass(frozen=True, eq=False)
class WeightData:
    """The weights of a network, layer by layer, and where they come from.

    layers: name of a layer → its arrays, float32, as ``layer.set_weights`` takes them: the kernel
        and the biases. The names are those of the builder in ``nnlab.models``.
    """

    layers: dict[str, tuple[np.ndarray, ...]]
    name: str
    source: str
    license: str

    @property
    def num_parameters(self):
        """How many numbers there are, of all layers together."""
        sizes = []
        for arrays in self.layers.values():
            sizes += [array.size for array in arrays]
        return sum(sizes)


def load_weights(name, *, offline=None):
    """Return the weights of a trained network as `WeightData`.

    name: ``squeezenet``, trained on the photos of ImageNet, for ``nnlab.models.build_squeezenet``
        without head. Its inputs are blue, green, red, in 0..255, minus (104, 117, 123). The file
        comes from the folders in NNLAB_DATA, else from the cache, else from public addresses, and
        must have the right content. Or ``random_squeezenet``: the same layers, drawn at random.
    offline: what to load, with a warning, where the file cannot be had: ``random_squeezenet`` or
        None. ``weights.name`` tells which it is.

    A quick run (NNLAB_QUICK=1) never downloads: it takes what is there, or what ``offline`` names.

    Raises FileNotFoundError, which says what was tried and what to do, where the file cannot be had
    and ``offline`` is None; ValueError for an unknown name and a damaged file.
    """
    dataset, contents = _files.load(name, DATASETS, offline=offline, kind="weight")
    return WeightData(
        layers=dataset.read(contents),
        name=dataset.name,
        source=dataset.source,
        license=dataset.license,
    )
