"""Shapes: 2,500 and 500 drawings in colour, 32×32, of ten shapes; drawn here, the same in each run.

Place, size and both colours are random, so that only the form tells the class.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

CLASS_NAMES = (
    "disc",
    "ring",
    "square",
    "frame",
    "diamond",
    "triangle",
    "plus",
    "cross",
    "rows",
    "columns",
)


def read(_contents):
    """Return x_train, y_train, x_test, y_test."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(3_000) % 10).astype(np.uint8)
    images = _draw(labels, rng)
    return images[:2_500], labels[:2_500], images[2_500:], labels[2_500:]


def _draw(labels, rng):
    """Return one image for each label, uint8 (len(labels), 32, 32, 3)."""

    def draws(low, high, *shape):
        return rng.uniform(low, high, (len(labels), *shape)).astype(np.float32)

    pixels = np.arange(32, dtype=np.float32)
    size = draws(8, 12, 1, 1)
    x = (pixels[None, None, :] - draws(12, 20, 1, 1)) / size  # (n, 1, 32), −1..1 in the shape
    y = (pixels[None, :, None] - draws(12, 20, 1, 1)) / size  # (n, 32, 1)
    right = abs(x)
    down = abs(y)
    reach = np.maximum(right, down)  # (n, 32, 32)
    radius = np.hypot(x, y)
    forms = [
        radius < 1,
        (radius < 1) & (radius > 0.6),
        reach < 0.85,
        (reach < 0.85) & (reach > 0.5),
        right + down < 1.1,
        (2 * right - 0.9 < y) & (y < 0.9),
        (reach < 1) & (np.minimum(right, down) < 0.3),
        (reach < 0.9) & (abs(right - down) < 0.35),
        (reach < 0.9) & (np.cos(10 * y) > 0),
        (reach < 0.9) & (np.cos(10 * x) > 0),
    ]
    inside = np.choose(labels[:, None, None], forms)[..., None]  # (n, 32, 32, 1)
    ground = draws(20, 236, 1, 1, 3)
    paint = (ground + draws(80, 176, 1, 1, 3)) % 256  # far from the ground in each channel
    noise = rng.integers(-20, 20, (len(labels), 32, 32, 3), dtype=np.int16)
    images = np.where(inside, paint, ground) + noise  # (n, 32, 32, 3)
    return np.clip(images, 0, 255).astype(np.uint8)


DATASET = Dataset(
    name="shapes",
    title="drawn shapes",
    source="nnlab: drawn by a program",
    license="Apache-2.0",
    read=read,
    class_names=CLASS_NAMES,
)
