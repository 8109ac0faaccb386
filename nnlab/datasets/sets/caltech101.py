"""Photos of persons, animals and plants: 13 of the 101 categories of Caltech 101, 192×192.

The published photos differ in size. Each is cut to a square about its middle, as
`keras.utils.image_dataset_from_directory` does with ``crop_to_aspect_ratio=True``, and scaled.

There is no published split. Here the last fifth of each category, by file number, is the test part:
photos that follow each other often show the same person or were taken at the same place, and a
split at random would put such photos into both parts.
"""

import io

import numpy as np

from nnlab.datasets.sets import DataFile, Dataset

SIZE = 192  # pixels of a side
CATEGORIES = {  # folder in the archive → class name: group/category, the groups are ours
    "Faces": "person/face",
    "cougar_face": "animal/cougar",
    "dalmatian": "animal/dalmatian",
    "elephant": "animal/elephant",
    "flamingo": "animal/flamingo",
    "kangaroo": "animal/kangaroo",
    "llama": "animal/llama",
    "bonsai": "plant/bonsai",
    "joshua_tree": "plant/joshua tree",
    "lotus": "plant/lotus",
    "strawberry": "plant/strawberry",
    "sunflower": "plant/sunflower",
    "water_lilly": "plant/water lily",
}


def read(contents):
    """Return x_train, y_train, x_test, y_test, each in the order of classes and file numbers."""
    [members] = contents
    parts = {"train": ([], []), "test": ([], [])}
    for label, folder in enumerate(CATEGORIES):
        paths = sorted(path for path in members if path.startswith(f"{folder}/"))
        first_test = len(paths) - len(paths) // 5
        for number, path in enumerate(paths):
            images, labels = parts["train" if number < first_test else "test"]
            images.append(_square(members[path]))
            labels.append(label)
    arrays = []
    for images, labels in parts.values():
        arrays += [np.stack(images), np.array(labels, np.uint8)]  # (n, 192, 192, 3) and (n,)
    return tuple(arrays)


def _square(content):
    """Return the middle of a JPEG photo, uint8 (192, 192, 3); a grey one gets three channels."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content), formats=("JPEG",)) as photo:
        photo = ImageOps.fit(photo.convert("RGB"), (SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.asarray(photo)


DATASET = Dataset(
    name="caltech101",
    title="photos, 13 kinds",
    source="Fei-Fei Li, Marco Andreetto, Marc'Aurelio Ranzato, Pietro Perona: Caltech 101, "
    "CaltechDATA, 2022, doi.org/10.22002/D1.20086; 13 of its 101 categories",
    license="CC BY 4.0",
    read=read,
    files=(
        DataFile(
            path="caltech101/caltech-101.zip",
            urls=(
                "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
                "https://s3.amazonaws.com/fast-ai-imageclas/caltech_101.tgz",
            ),
            download_bytes=137_414_764,
            content_bytes=25_757_090,
            content_sha256="0b9e5d14bff22a600a5b66df1c23ae051f774b1fc17544025187af94336d8283",
            members=tuple(f"{folder}/*.jpg" for folder in CATEGORIES),
        ),
    ),
    class_names=tuple(CATEGORIES.values()),
    stand_in="sketches",
)
