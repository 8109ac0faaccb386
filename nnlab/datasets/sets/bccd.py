"""Blood cells under a microscope (BCCD): 364 photos with a box around each of 4,888 cells.

The published photos have 480×640 pixels; here they come in half their height and width, and the
boxes with them. Many cells are not annotated, above all those that the border cuts. Two boxes, of
red cells in BloodImage_00338 and BloodImage_00343, have neither width nor height, and eight red
cells are annotated twice: they are left as they are.
"""

import io
from xml.etree import ElementTree

import numpy as np

from nnlab.datasets.sets import DataFile, Dataset

CLASSES = {"RBC": "red cell", "WBC": "white cell", "Platelets": "platelet"}
PARTS = ("train", "val", "test")
SIDES = ("xmin", "ymin", "xmax", "ymax")
SIZE = (240, 320)  # height and width, half of what is published


def read(contents):
    """Return images, boxes, labels, parts and names, in the order of the names."""
    [members] = contents
    part_of = {}
    for part in PARTS:
        names = members[f"ImageSets/Main/{part}.txt"].decode().split()
        part_of |= dict.fromkeys(names, part)
    names = tuple(sorted(part_of))
    images = np.empty((len(names), *SIZE, 3), np.uint8)
    boxes = []
    labels = []
    for number, name in enumerate(names):
        images[number] = _halved(members[f"JPEGImages/{name}.jpg"])
        cells = ElementTree.fromstring(members[f"Annotations/{name}.xml"]).findall("object")
        sides = [_sides(cell) for cell in cells]
        boxes.append(np.array(sides, np.float32).reshape(-1, 4) / 2)
        kinds = [list(CLASSES).index(cell.findtext("name")) for cell in cells]
        labels.append(np.array(kinds, np.uint8))
    return images, tuple(boxes), tuple(labels), tuple(part_of[name] for name in names), names


def _sides(cell):
    """Return left, top, right and bottom of a cell's box, in pixels of the published photo."""
    return [float(cell.findtext(f"bndbox/{side}")) for side in SIDES]


def _halved(content):
    """Return a JPEG photo in half its height and width, uint8 (240, 320, 3)."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("JPEG",)) as photo:
        photo.draft("RGB", SIZE[::-1])  # it is decoded in that size, which is fast and smooth
        return np.asarray(photo.convert("RGB"))


DATASET = Dataset(
    name="bccd",
    title="blood cells, boxes",
    source="Shenggan, cosmicad and akshaylamba: BCCD Dataset, 2017, "
    "github.com/Shenggan/BCCD_Dataset",
    license="MIT",
    read=read,
    files=(
        DataFile(
            path="bccd/BCCD_Dataset.zip",
            urls=(
                "https://github.com/Shenggan/BCCD_Dataset/archive/refs/heads/master.zip",
                "https://codeload.github.com/Shenggan/BCCD_Dataset/zip/refs/heads/master",
            ),
            download_bytes=7_700_000,  # about
            content_bytes=8_795_974,
            content_sha256="4e4be01c13a139818a66b63402a30b051853317a0fea3c6febcb40b53e363b8e",
            members=(
                "Annotations/*.xml",
                "JPEGImages/*.jpg",
                *(f"ImageSets/Main/{part}.txt" for part in PARTS),
            ),
        ),
    ),
    class_names=tuple(CLASSES.values()),
    stand_in="smears",
)
