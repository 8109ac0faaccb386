"""Weights of SqueezeNet 1.1 without its head that nobody has trained: random, always the same."""

import numpy as np

from nnlab.datasets.sets import Dataset

FIRE_MODULES = (  # channels of the input, squeezed, expanded (twice as many come out)
    (64, 16, 64),
    (128, 16, 64),
    (128, 32, 128),
    (256, 32, 128),
    (256, 48, 192),
    (384, 48, 192),
    (384, 64, 256),
    (512, 64, 256),
)


def read(_contents):
    """Return {name of a layer: (kernel, biases)}, drawn as He et al. (2015) advise for ReLU."""
    shapes = {"conv1": (3, 3, 3, 64)}
    for number, (channels, squeezed, expanded) in enumerate(FIRE_MODULES, start=2):
        shapes[f"fire{number}_squeeze1x1"] = (1, 1, channels, squeezed)
        shapes[f"fire{number}_expand1x1"] = (1, 1, squeezed, expanded)
        shapes[f"fire{number}_expand3x3"] = (3, 3, squeezed, expanded)
    rng = np.random.default_rng(0)
    layers = {}
    for name, shape in shapes.items():
        scale = np.sqrt(2 / np.prod(shape[:3]))
        kernel = rng.normal(0, scale, shape).astype(np.float32)
        layers[name] = (kernel, np.zeros(shape[3], np.float32))
    return layers


DATASET = Dataset(
    name="random_squeezenet",
    title="random SqueezeNet",
    source="nnlab: drawn at random",
    license="Apache-2.0",
    read=read,
)
