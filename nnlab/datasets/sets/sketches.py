"""Sketches: 260 drawings of persons, animals and plants, 64×64; drawn here, the same in each run.

They have the classes of Caltech 101's photos. Place, size, turn and grounds are random. What tells
the groups apart is a form: a head with eyes, a body on legs, a stem with leaves.
"""

import numpy as np

from nnlab.datasets.sets import Dataset

PER_CLASS = 20  # the last fifth of which is the test part
BIG = 256  # drawn in this size, then made smaller, so that edges are smooth
SIZE = 64
ANIMALS = {  # class name → colour, number of legs, length of legs and neck
    "animal/cougar": ((196, 150, 100), 4, 0.3, 0.1),
    "animal/dalmatian": ((240, 240, 240), 4, 0.35, 0.15),
    "animal/elephant": ((130, 130, 140), 4, 0.25, 0.0),
    "animal/flamingo": ((240, 130, 150), 2, 0.8, 0.6),
    "animal/kangaroo": ((160, 110, 70), 2, 0.4, 0.3),
    "animal/llama": ((225, 205, 175), 4, 0.45, 0.55),
}
PLANTS = {  # class name → colour of petals, their number, length of the stem
    "plant/bonsai": ((40, 120, 50), 9, 0.4),
    "plant/joshua tree": ((110, 140, 80), 5, 0.8),
    "plant/lotus": ((235, 150, 190), 8, 0.3),
    "plant/strawberry": ((210, 30, 40), 3, 0.5),
    "plant/sunflower": ((245, 200, 30), 12, 0.9),
    "plant/water lily": ((245, 240, 225), 10, 0.15),
}
CLASS_NAMES = ("person/face", *ANIMALS, *PLANTS)


def read(_contents):
    """Return x_train, y_train, x_test, y_test, each in the order of classes."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(CLASS_NAMES), dtype=np.uint8), PER_CLASS)
    images = np.stack([_draw(CLASS_NAMES[label], rng) for label in labels])  # (260, 64, 64, 3)
    test = np.arange(len(labels)) % PER_CLASS >= PER_CLASS * 4 // 5
    return images[~test], labels[~test], images[test], labels[test]


def _draw(name, rng):
    """Return one drawing of a class, uint8 (64, 64, 3)."""
    from PIL import Image, ImageDraw

    ground = tuple(int(value) for value in rng.integers(60, 250, 3))
    picture = Image.new("RGB", (BIG, BIG), ground)
    pen = ImageDraw.Draw(picture)
    for _ in range(6):  # something to be seen behind it
        x, y = rng.integers(0, BIG, 2)
        radius = rng.integers(10, 60)
        shade = tuple(int(value) for value in np.clip(ground + rng.normal(0, 30, 3), 0, 255))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)
    x = BIG * rng.uniform(0.42, 0.58)
    y = BIG * rng.uniform(0.42, 0.58)
    size = BIG * rng.uniform(0.2, 0.3)
    if name in ANIMALS:
        _draw_animal(pen, x, y, size, rng.choice([-1, 1]), *ANIMALS[name])
    elif name in PLANTS:
        _draw_plant(pen, x, y, size, rng.uniform(0, 2 * np.pi), *PLANTS[name])
    else:
        _draw_face(pen, x, y, size, rng)
    pixels = np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX), np.int16)
    noise = rng.integers(-12, 13, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _disc(pen, x, y, width, height, fill):
    pen.ellipse((x - width, y - height, x + width, y + height), fill=fill)


def _draw_face(pen, x, y, size, rng):
    skin = [(245, 205, 175), (200, 150, 115), (130, 90, 65)][rng.integers(3)]
    hair = [(40, 30, 25), (120, 80, 40), (220, 190, 120)][rng.integers(3)]
    _disc(pen, x, y - 0.25 * size, size, 1.2 * size, hair)
    _disc(pen, x, y + 0.1 * size, 0.8 * size, 1.1 * size, skin)
    for side in (-0.32, 0.32):
        _disc(pen, x + side * size, y - 0.1 * size, 0.12 * size, 0.09 * size, (30, 30, 40))
    _disc(pen, x, y + 0.65 * size, 0.3 * size, 0.08 * size, (170, 60, 60))


def _draw_animal(pen, x, y, size, side, color, legs, leg, neck):
    for place in np.linspace(-0.7, 0.7, legs):
        left = x + place * size - 0.08 * size
        pen.rectangle((left, y, left + 0.16 * size, y + (0.5 + leg) * size), fill=color)
    _disc(pen, x, y, size, 0.5 * size, color)
    head_x = x + side * size
    head_y = y - (0.3 + neck) * size
    pen.line((x + side * 0.7 * size, y, head_x, head_y), fill=color, width=int(0.3 * size))
    _disc(pen, head_x, head_y, 0.35 * size, 0.28 * size, color)
    _disc(pen, head_x + side * 0.1 * size, head_y, 0.06 * size, 0.06 * size, (20, 20, 20))


def _draw_plant(pen, x, y, size, turn, color, petals, stem):
    bottom = y + (0.6 + stem) * size
    pen.line((x, y, x, bottom), fill=(60, 110, 50), width=int(0.15 * size))
    for side in (-0.4, 0.4):
        _disc(pen, x + side * size, bottom - 0.1 * size, 0.4 * size, 0.12 * size, (60, 140, 60))
    for angle in turn + np.linspace(0, 2 * np.pi, petals, endpoint=False):
        petal_x = x + 0.55 * size * np.cos(angle)
        petal_y = y + 0.55 * size * np.sin(angle)
        _disc(pen, petal_x, petal_y, 0.3 * size, 0.3 * size, color)
    _disc(pen, x, y, 0.3 * size, 0.3 * size, (110, 80, 40))


DATASET = Dataset(
    name="sketches",
    title="drawn sketches",
    source="nnlab: drawn by a program",
    license="Apache-2.0",
    read=read,
    class_names=CLASS_NAMES,
)
