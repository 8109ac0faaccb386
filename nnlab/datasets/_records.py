"""What surrounds record files of images: what may be written, files that are whole or absent, the index, checks."""

import contextlib
import hashlib
import itertools
import json
import uuid
from pathlib import Path

import numpy as np

FORMAT = "nnlab image records 1"
INDEX = "index.json"


def check_target(folder, shard_size):
    """Make the folder; refuse one that already holds a whole set, and a shard_size that is none."""
    if shard_size < 1:
        raise ValueError(
            f"shard_size must be at least 1, got {shard_size}: choose the number of images in a file."
        )
    if (folder / INDEX).exists():
        raise FileExistsError(
            f"{folder} already holds a set ({INDEX} is there): choose another folder, or empty it."
        )
    folder.mkdir(parents=True, exist_ok=True)


def pairs(images, labels, class_names):
    """Yield (image, label) one by one, an array and an int; ValueError where one of them is not what it should be."""
    expected, ended = None, object()
    most = (
        len(class_names) if class_names else 100_000
    )  # without names, the index has one for each number
    singles = _single_images(images), _single_labels(labels)
    for number, (image, label) in enumerate(itertools.zip_longest(*singles, fillvalue=ended)):
        if image is ended or label is ended:
            more, fewer = ("labels", "images") if image is ended else ("images", "labels")
            raise ValueError(
                f"expected as many labels as images, got {number} {fewer} and more {more}: pair them."
            )
        expected = expected or image.shape
        if image.shape != expected:
            raise ValueError(
                f"image {number}: expected the shape of those before it, {expected}, got {image.shape}. "
                "Bring all images to one size first, or keep them as files and use stream_image_folder(resize=True)."
            )
        if not 0 <= label < most:
            known = "the number of class_names" if class_names else "where there are no class_names"
            raise ValueError(
                f"label {number}: expected an integer from 0 and below {most}, {known}, got {label}. "
                "Count classes from 0, without gaps."
            )
        yield image, label


def _single_images(images):
    for item in images:
        array = np.asarray(item)
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or not array.size:
            raise ValueError(
                "images: expected uint8 arrays (height, width, channels) or batches of them, "
                f"got {array.dtype} {array.shape}. Keep the raw values 0 to 255, and add an axis for one channel."
            )
        yield from array if array.ndim == 4 else [array]


def _single_labels(labels):
    for item in labels:
        array = np.asarray(item)
        if not np.issubdtype(array.dtype, np.integer) or array.ndim > 1:
            raise ValueError(
                f"labels: expected integers or batches of them, got {array.dtype} {array.shape}. "
                "Give the number of the class, not its name and not a one-hot row."
            )
        yield from np.atleast_1d(array).tolist()


@contextlib.contextmanager
def whole(path):
    """Yield another name to write to; then the file gets its own name or, if something failed, is gone."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def describe(path, name, images):
    """Return what the index says about a file."""
    return {"file": name, "images": images, "bytes": path.stat().st_size, "sha256": _sha256(path)}


def write_index(folder, image_shape, class_names, shards):
    """Write the index, which makes the set whole, and return its path."""
    if not shards:
        raise ValueError(
            "images: expected at least one, got none. Note that a generator can be used only once."
        )
    index = {
        "format": FORMAT,
        "image_shape": image_shape,
        "dtype": "uint8",
        "images": sum(shard["images"] for shard in shards),
        "class_names": [str(name) for name in class_names],
        "shards": shards,
    }
    with whole(folder / INDEX) as part:
        part.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return folder / INDEX


def read_index(folder):
    """Return the index of a set; FileNotFoundError where there is none, ValueError where it makes no sense."""
    path = folder / INDEX
    if not path.is_file():
        why = "this is no folder with records" if folder.is_dir() else "there is no such folder"
        if next(folder.glob("*.tfrecord"), None):
            why = "the set was not written to its end"
        raise FileNotFoundError(
            f"{path} is not there: {why}. Write the set by write_records, or name its folder."
        )
    advice = "The index is damaged or not by write_records: write the set again."
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["format"] != FORMAT or index["dtype"] != "uint8":
            raise ValueError(f"format {index['format']!r}, dtype {index['dtype']!r}")
        if len(index["image_shape"]) != 3 or not all(
            _counts(size) for size in index["image_shape"]
        ):
            raise ValueError(f"image_shape {index['image_shape']}")
        for shard in index["shards"]:
            if (
                not _counts(shard["images"])
                or not _counts(shard["bytes"])
                or not isinstance(shard["sha256"], str)
            ):
                raise ValueError(f"file {shard}")
        names = [shard["file"] for shard in index["shards"]]
        if (
            not names
            or len(set(names)) < len(names)
            or any(Path(name).name != name for name in names)
        ):
            raise ValueError(f"files {names}")
        images = sum(shard["images"] for shard in index["shards"])
        if index["images"] != images:
            raise ValueError(f"{index['images']} images, and files with {images}")
        labels = index["class_names"]
        if (
            not isinstance(labels, list)
            or not labels
            or not all(isinstance(label, str) for label in labels)
        ):
            raise ValueError(f"class_names {labels}")
    except (
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:  # no JSON and no UTF-8 are ValueErrors
        raise ValueError(
            f"{path}: expected an index in the form {FORMAT!r}, got: {error}. {advice}"
        ) from error
    return index


def _counts(value):
    """Is this JSON value a number of things, at least one?"""
    return type(value) is int and value > 0


def verified(path, shard, content):
    """Return the path of a file as text, after a look at its size and, if content is true, at its sha256."""
    advice = "Copy it again from where it was whole, or write the set again."
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the index names it, with {shard['images']} images. {advice}"
        )
    if (size := path.stat().st_size) != shard["bytes"]:
        raise ValueError(
            f"{path} is damaged: expected {shard['bytes']:,} bytes, got {size:,}. {advice}"
        )
    if content and (got := _sha256(path)) != shard["sha256"]:
        raise ValueError(
            f"{path} is damaged: expected sha256 {shard['sha256']}, got {got}. {advice}"
        )
    return str(path)


def _sha256(path):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
