"""What record files are made of: what may be written, the files, the index, the checks."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np

from nnlab.datasets._download import whole

FORMAT = "nnlab image records 1"
INDEX = "index.json"


def check_target(folder, shard_size):
    """Make the folder; refuse one that already holds a whole set, and a shard_size that is none."""
    if shard_size < 1:
        raise ValueError(
            f"shard_size must be at least 1, got {shard_size}: choose how many images a file has."
        )
    if (folder / INDEX).exists():
        raise FileExistsError(
            f"{folder} already holds a set ({INDEX} is there): choose another folder, or empty it."
        )
    folder.mkdir(parents=True, exist_ok=True)


def pairs(images, labels, class_names):
    """Yield (image, label) one by one, an array and an int; ValueError for anything else."""
    expected = None
    ended = object()
    # without names, the index gets one for each number
    most = 100_000 if class_names is None else len(class_names)
    singles = itertools.zip_longest(_single_images(images), _single_labels(labels), fillvalue=ended)
    for number, (image, label) in enumerate(singles):
        if image is ended or label is ended:
            more, fewer = ("labels", "images") if image is ended else ("images", "labels")
            raise ValueError(
                f"expected as many labels as images, got {number} {fewer} and more {more}: pair "
                "them."
            )
        expected = expected or image.shape
        if image.shape != expected:
            raise ValueError(
                f"image {number}: expected the shape of those before it, {expected}, got "
                f"{image.shape}. Bring all images to one size first, or keep them as files and "
                "read them by keras.utils.image_dataset_from_directory, which resizes."
            )
        if not 0 <= label < most:
            known = "the number of class_names"
            if class_names is None:
                known = "where there are no class_names"
            raise ValueError(
                f"label {number}: expected an integer from 0 and below {most}, {known}, "
                f"got {label}. Count classes from 0, without gaps."
            )
        yield image, label


def _single_images(images):
    for item in images:
        array = np.asarray(item)
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or not array.size:
            raise ValueError(
                "images: expected uint8 arrays (height, width, channels) or batches of them, "
                f"got {array.dtype} {array.shape}. Keep the raw values 0 to 255, and add an axis "
                "for one channel."
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


def write_shard(folder, number, pairs):
    """Write (image, label) pairs; return the entry in the index, and the highest label."""
    import tensorflow as tf

    path = folder / f"images-{number:05}.tfrecord"
    count = 0
    highest_label = 0
    with whole(path) as part, tf.io.TFRecordWriter(str(part)) as writer:
        for image, label in pairs:
            pixels = tf.train.BytesList(value=[image.tobytes()])
            numbers = tf.train.Int64List(value=[label])
            features = {
                "image": tf.train.Feature(bytes_list=pixels),
                "label": tf.train.Feature(int64_list=numbers),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
            count += 1
            highest_label = max(highest_label, label)
    size = path.stat().st_size
    shard = {"file": path.name, "images": count, "bytes": size, "sha256": _sha256(path)}
    return shard, highest_label


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
    """Return the index; FileNotFoundError if there is none, ValueError if it is damaged."""
    path = folder / INDEX
    if not path.is_file():
        why = "this is no folder with records" if folder.is_dir() else "there is no such folder"
        if next(folder.glob("*.tfrecord"), None):
            why = "the set was not written to its end"
        raise FileNotFoundError(
            f"{path} is not there: {why}. Write the set by write_records, or name its folder."
        )
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        _check_index(index)
    # neither JSON nor UTF-8: a ValueError; values of other kinds: the others
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected an index in the form {FORMAT!r}, got: {error}. "
            "The index is damaged or not by write_records: write the set again."
        ) from error
    return index


def _check_index(index):
    """Raise one of several errors for an index that makes no sense."""
    shards = index["shards"]
    shape = index["image_shape"]
    class_names = index["class_names"]
    if index["format"] != FORMAT or index["dtype"] != "uint8":
        raise ValueError(f"format {index['format']!r}, dtype {index['dtype']!r}")
    if len(shape) != 3 or not all(map(_counts, shape)):
        raise ValueError(f"image_shape {shape}")
    for shard in shards:
        numbers = (shard["images"], shard["bytes"])
        if not all(map(_counts, numbers)) or not isinstance(shard["sha256"], str):
            raise ValueError(f"file {shard}")
    names = [shard["file"] for shard in shards]
    inside = all(Path(name).name == name for name in names)
    if not names or not inside or len(set(names)) < len(names):
        raise ValueError(f"files {names}")
    images = sum(shard["images"] for shard in shards)
    if index["images"] != images:
        raise ValueError(f"{index['images']} images, and files with {images}")
    texts = isinstance(class_names, list) and all(isinstance(name, str) for name in class_names)
    if not texts or not class_names:
        raise ValueError(f"class_names {class_names}")


def _counts(value):
    """Return whether a JSON value is a number of things, at least one."""
    return type(value) is int and value > 0


def verified(path, shard, content):
    """Return the path of a file as text, if its size, and with content=True its sha256, fit."""
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
