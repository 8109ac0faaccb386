"""Smears: 60 drawings of blood cells, 120×160, with a box around each; the same in each run.

They stand in for photos of blood: pale red discs, some of which overlap, a large violet cell, small
violet dots, on a light ground with noise. As in the photos, cells that the border cuts through the
middle are not annotated.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

CLASS_NAMES = ("red cell", "white cell", "platelet")
PARTS = ("train",) * 36 + ("val",) * 12 + ("test",) * 12
HEIGHT = 120
WIDTH = 160
RADII = ((10, 14), (18, 26), (3, 5))  # of each class, pixels
COUNTS = ((8, 18), (1, 3), (1, 4))  # of each class that are tried in an image: least, too many


def read(_contents):
    """Return images, boxes, labels, parts and names."""
    rng = np.random.default_rng(0)
    drawn = [_draw(rng) for _ in PARTS]
    images, boxes, labels = zip(*drawn, strict=True)
    names = tuple(f"smear_{number:02}" for number in range(len(PARTS)))
    return np.stack(images), boxes, labels, PARTS, names


def _draw(rng):
    """Return an image, uint8 (120, 160, 3), the boxes in it, float32 (n, 4), and their labels."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), 205.0) + rng.uniform(-10, 10, 3)
    placed = []  # x, y, half the width and half the height of each cell
    boxes = []
    labels = []
    for label in (1, 0, 2):
        for _ in range(rng.integers(*COUNTS[label])):
            wide, tall = rng.uniform(*RADII[label], 2)
            x, y = rng.uniform(0, (WIDTH, HEIGHT))
            if _covers(placed, x, y, wide, tall):
                continue
            placed.append((x, y, wide, tall))
            distance = np.hypot((columns + 0.5 - x) / wide, (rows + 0.5 - y) / tall)  # 1: its edge
            inside = np.clip(6 * (1 - distance), 0, 1)[..., None]  # soft at the edge
            image += 0.9 * inside * (_colors(label, distance, rng) - image)
            box = np.clip([x - wide, y - tall, x + wide, y + tall], 0, [WIDTH, HEIGHT] * 2)
            if (box[2] - box[0]) * (box[3] - box[1]) > 0.6 * 4 * wide * tall:
                boxes.append(box)
                labels.append(label)
    image += rng.normal(0, 5, image.shape)
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return np.clip(image, 0, 255).astype(np.uint8), boxes, np.array(labels, np.uint8)


def _covers(placed, x, y, wide, tall):
    """Return whether a cell would lie more than a little over one that is there."""
    for other_x, other_y, other_wide, other_tall in placed:
        apart = np.hypot((x - other_x) / (wide + other_wide), (y - other_y) / (tall + other_tall))
        if apart < 0.7:
            return True
    return False


def _colors(label, distance, rng):
    """Return the colours of a cell's pixels, (height, width, 3) or (3,)."""
    shade = rng.uniform(-12, 12)
    if label == 0:  # paler in the middle
        pale = 30 * np.exp(-((distance / 0.4) ** 2))[..., None]
        return np.array([190.0, 140.0, 140.0]) + shade + pale
    nucleus = (distance < 0.65)[..., None] if label == 1 else True
    return np.where(nucleus, [110.0, 80.0, 170.0], [175.0, 150.0, 200.0]) + shade


DATASET = Dataset(
    name="smears",
    title="drawn cells, boxes",
    source="nnlab: drawn by a program",
    license="Apache-2.0",
    read=read,
    class_names=CLASS_NAMES,
)
