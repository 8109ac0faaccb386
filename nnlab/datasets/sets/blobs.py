"""Blobs: 60 images of glowing discs, with a mask of each; drawn here, the same in each run.

They stand in for cell nuclei: bright and dim ones, some that touch, under uneven light and noise.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

IMAGES = 60
SIZE = 96  # pixels of a side
MOST = 16  # blobs in an image


def read(_contents):
    """Return the images and their labels, two tuples."""
    rng = np.random.default_rng(0)
    drawn = [_draw(rng) for _ in range(IMAGES)]
    images, labels = zip(*drawn, strict=True)
    return images, labels


def _draw(rng):
    """Return an image, uint8 (96, 96, 1), and the labels of its blobs, uint16 (96, 96)."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    labels = np.zeros((SIZE, SIZE), np.uint16)
    light = np.zeros((SIZE, SIZE))
    for _ in range(rng.integers(5, MOST + 1)):
        row, column = rng.uniform(0, SIZE, 2)
        turn = rng.uniform(0, np.pi)
        longer = rng.uniform(5, 9)
        shorter = rng.uniform(4, 7)
        along = (rows - row) * np.sin(turn) + (columns - column) * np.cos(turn)
        across = (rows - row) * np.cos(turn) - (columns - column) * np.sin(turn)
        distance = (along / longer) ** 2 + (across / shorter) ** 2  # 1 on its edge
        whole = distance <= 1
        inside = whole & (labels == 0)
        if inside.sum() < 0.8 * whole.sum():  # it may touch another one, not cover it
            continue
        light += rng.uniform(0.3, 1) * np.exp(-(distance**3)) * (labels == 0)
        if inside.sum() >= 25:
            labels[inside] = labels.max() + 1
    uneven = 0.25 * (rows + columns * rng.uniform(-1, 1)) / SIZE
    noise = rng.normal(0, 0.04, light.shape)
    brightness = rng.uniform(80, 200)
    pixels = np.clip(brightness * (light + uneven + noise), 0, 255).astype(np.uint8)
    return pixels[:, :, None], labels


DATASET = Dataset(
    name="blobs",
    title="drawn blobs, masks",
    source="nnlab: drawn by a program",
    license="Apache-2.0",
    read=read,
)
