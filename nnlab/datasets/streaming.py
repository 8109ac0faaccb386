"""Images read from disk while training, from picture files or from record files, so that memory stays flat."""

import contextlib
import itertools
import math
import os
from pathlib import Path

import numpy as np

from nnlab.datasets import _records


def stream_image_folder(
    folder, image_shape, batch_size, *, seed=None, shard=(0, 1), resize=False, verify=True
):
    """Return a `tf.data.Dataset` of batches from a folder that holds a sub-folder of PNG or JPEG files per class.

    A batch is ``(images, labels)``: uint8 ``(batch, height, width, channels)``, 0 to 255, and int32 ``(batch,)``,
    which count from 0 in the order of the names of the sub-folders: ``dataset.class_names[label]``. The last batch
    may be smaller. Every Keras backend takes it: ``fit(dataset, shuffle=False)``, where False only tells Keras not
    to warn that it cannot shuffle. An epoch has every image once, in an order that is new each time; file names
    are shuffled, all of them. In memory are at most ten batches and half a kilobyte for each file name. Where Keras
    computes with another backend, TensorFlow is told to leave the GPUs to that.

    image_shape: ``(height, width, channels)``; 1, 3 or 4 channels, to which files with others are converted.
    seed: together with TensorFlow's own, which ``set_seed`` sets, it fixes the order in each epoch.
    shard: ``(index, count)`` reads every count-th image from that index on. Every share has equally many batches, and
    only full ones, as processes that train together wait for each other: the rest is left out, other images each time.
    resize: of images of another size, cut off on both sides alike what juts out of the shape, and scale the middle.
    verify: open each file once beforehand (about 0.1 ms each), so that a wrong one is named before training.

    Raises FileNotFoundError for a folder that is not there, ValueError for a wrong argument, a class without
    images, too few images for a batch of every share, an image of another size or kind, a damaged PNG, a JPEG that
    lacks its end or cannot have these channels. Other damage to a JPEG, if it cannot be decoded, or to a file later,
    is noticed while reading: ``tf.errors.InvalidArgumentError``.
    """
    tf = _tensorflow()
    height, width, channels = image_shape = _image_shape(image_shape)
    share = _share(batch_size, shard)
    class_names, paths, labels = _image_files(Path(folder))
    batches = _batches_for_each(len(paths) // shard[1], batch_size, shard)
    paths, labels = paths[share], labels[share]
    if verify:
        _verify_images(paths, None if resize else (width, height), channels)

    def decode(path):
        image = tf.io.decode_image(tf.io.read_file(path), channels, expand_animations=False)
        if resize:
            size = tf.cast(tf.shape(image)[:2], tf.float32)
            kept = tf.round((height, width) / tf.reduce_max((height, width) / size))
            image = tf.image.resize_with_crop_or_pad(
                image, *tf.unstack(tf.cast(tf.maximum(kept, 1), tf.int32))
            )
            image = tf.cast(
                tf.round(tf.image.resize(image, (height, width), antialias=True)), tf.uint8
            )
        return tf.ensure_shape(image, image_shape)

    def read(paths, labels):  # a batch at a time costs half of what a call for each image does
        spec = tf.TensorSpec(image_shape, tf.uint8)
        return tf.map_fn(decode, paths, fn_output_signature=spec, parallel_iterations=1), labels

    dataset = tf.data.Dataset.from_tensor_slices(([str(path) for path in paths], labels))
    dataset = dataset.shuffle(len(paths), seed=seed).batch(batch_size).take(batches)
    dataset = dataset.map(read, num_parallel_calls=min(8, os.cpu_count() or 1), deterministic=True)
    return _steady(dataset, class_names)


def write_records(folder, images, labels, *, class_names=None, shard_size=4096):
    """Write images with labels into numbered TFRecord files, and return the path of the ``index.json`` beside them.

    images: uint8 arrays ``(height, width, channels)`` or batches of them, all of one shape; labels: integers from 0,
    or batches of them. Both can be any iterable, such as a generator: no more than one item is held in memory.
    class_names: one for each label; by default the label as text, of labels below 100,000. shard_size: images in a
    file; only the last has fewer. Small files mix better when read: have some tens of them. Where the order of the
    images tells their class, mix them before writing, as far as you can.

    A record is a ``tf.train.Example`` with the features ``image`` (bytes, as `numpy.ndarray.tobytes` gives them)
    and ``label`` (int64). Each file is written under another name and then renamed, the index last: a set that was
    not finished has none, and `stream_records` refuses it; writing it again replaces its files.

    Raises ValueError for images or labels of another kind or number, FileExistsError where a whole set is.
    """
    import tensorflow as tf

    folder = Path(folder)
    _records.check_target(folder, shard_size)
    pairs = _records.pairs(images, labels, class_names)
    shards, image_shape, num_classes = [], (), 0
    for first in pairs:
        name, count = f"images-{len(shards):05}.tfrecord", 0
        with _records.whole(folder / name) as part:
            with tf.io.TFRecordWriter(str(part)) as writer:
                for image, label in itertools.chain(
                    [first], itertools.islice(pairs, shard_size - 1)
                ):
                    pixels = tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[image.tobytes()])
                    )
                    number = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
                    features = tf.train.Features(feature={"image": pixels, "label": number})
                    writer.write(tf.train.Example(features=features).SerializeToString())
                    count, image_shape, num_classes = (
                        count + 1,
                        image.shape,
                        max(num_classes, label + 1),
                    )
            shards.append(_records.describe(part, name, count))
    return _records.write_index(folder, image_shape, class_names or range(num_classes), shards)


def stream_records(folder, batch_size, *, seed=None, shard=(0, 1), buffer=2048, verify=True):
    """Return a `tf.data.Dataset` of batches from the files that `write_records` wrote.

    Batches, ``dataset.class_names`` and seed are those of `stream_image_folder`. An epoch has every image once: the
    files are shuffled, eight at a time are read in turn, and images are drawn at random from a buffer.

    shard: ``(index, count)`` reads every count-th file from that index on; only these must be there. Every share has
    equally many batches, and only full ones, as in `stream_image_folder`: files of equal size leave out the least.
    buffer: images to draw from, the larger, the better mixed; they are in memory. 1 leaves out this last shuffling.
    verify: read the files once beforehand and compare their sha256 (about a second for a gigabyte). Without it,
    damage inside a file is noticed by the checksums of its records while reading: ``tf.errors.DataLossError``.

    Raises FileNotFoundError for a folder, an index or a file that is not there, ValueError for a wrong argument, a
    damaged index, and a file that is shorter, longer or different from what was written.
    """
    tf = _tensorflow()
    share = _share(batch_size, shard)
    if buffer < 1:
        raise ValueError(
            f"buffer must be at least 1, got {buffer}: choose the number of images to draw from."
        )
    index = _records.read_index(Path(folder))
    image_shape, shards = index["image_shape"], index["shards"][share]
    least = min(
        sum(each["images"] for each in index["shards"][other :: shard[1]])
        for other in range(shard[1])
    )
    batches = _batches_for_each(least, batch_size, shard)
    paths = [_records.verified(Path(folder) / shard["file"], shard, verify) for shard in shards]
    features = {
        "image": tf.io.FixedLenFeature((), tf.string),
        "label": tf.io.FixedLenFeature((), tf.int64),
    }

    def parse(records):
        batch = tf.io.parse_example(records, features)
        values = tf.ensure_shape(
            tf.io.decode_raw(batch["image"], tf.uint8), (None, math.prod(image_shape))
        )
        return tf.reshape(values, (-1, *image_shape)), tf.cast(batch["label"], tf.int32)

    dataset = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=seed)
    dataset = dataset.interleave(tf.data.TFRecordDataset, cycle_length=8)
    dataset = dataset.apply(
        tf.data.experimental.assert_cardinality(sum(shard["images"] for shard in shards))
    )
    dataset = dataset.shuffle(buffer, seed=seed).batch(batch_size).take(batches)
    return _steady(dataset.map(parse), index["class_names"])


def _tensorflow():
    """Return TensorFlow; where Keras computes with another backend, TensorFlow leaves the GPUs to that."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        with contextlib.suppress(
            RuntimeError
        ):  # it has begun to use them: the program's own choice
            tf.config.set_visible_devices([], "GPU")
    return tf


def _steady(dataset, class_names):
    """Return a data set that keeps two batches ready and measures nothing: see `nnlab.training.disable_autotune`."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    dataset = dataset.prefetch(2).with_options(options)
    dataset.class_names = tuple(class_names)
    return dataset


def _image_shape(image_shape):
    shape = tuple(image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in (1, 3, 4):
        raise ValueError(
            f"image_shape must be (height, width, channels) with 1, 3 or 4 channels, got {shape}: "
            "give the shape that the network takes, for example (28, 28, 1)."
        )
    return shape


def _share(batch_size, shard):
    """Return the slice that picks a share, after a look at both arguments."""
    if batch_size < 1:
        raise ValueError(
            f"batch_size must be at least 1, got {batch_size}: choose one, for example 128."
        )
    index, count = shard
    if not 0 <= index < count:
        raise ValueError(
            f"shard must be (index, count) with 0 <= index < count, got {shard}: (0, 1) is everything."
        )
    return slice(index, None, count)


def _batches_for_each(images, batch_size, shard):
    """Return how many full batches every share has, the least with so many images; -1, for all, where there is one."""
    if shard[1] == 1:
        return -1
    if images < batch_size:
        raise ValueError(
            f"too few images: a share of shard={shard} has {images}, less than one batch of {batch_size}. Ask for "
            "fewer shares or smaller batches; of record files there must be one or more for each share (shard_size)."
        )
    return images // batch_size


def _image_files(folder):
    """Return class names, paths and labels, in the order of names."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is no folder: name one that holds a sub-folder of images for each class."
        )
    classes = sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if not classes:
        raise ValueError(
            f"{folder} has no sub-folders: expected one for each class, with its PNG or JPEG images."
        )
    paths, labels = [], []
    for label, inner in enumerate(classes):
        files = {
            path: path.suffix.lower() for path in inner.rglob("*") if not path.name.startswith(".")
        }
        if others := sorted(
            path
            for path, suffix in files.items()
            if suffix in (".gif", ".bmp", ".webp", ".tif", ".tiff")
        ):
            raise ValueError(
                f"{others[0]}: expected only PNG and JPEG images: convert or remove it."
            )
        found = sorted(
            path for path, suffix in files.items() if suffix in (".png", ".jpg", ".jpeg")
        )
        if not found:
            raise ValueError(
                f"{inner} has no PNG or JPEG images: every sub-folder is a class; fill or remove it."
            )
        paths += found
        labels += [label] * len(found)
    return [path.name for path in classes], paths, np.array(labels, np.int32)


def _verify_images(paths, size, channels):
    from PIL import Image

    for path in paths:
        try:
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                got = image.size
                if image.format != "PNG" and (
                    channels == 4 or (channels == 1 and image.mode == "CMYK")
                ):
                    raise ValueError(
                        f"a JPEG ({image.mode}), which cannot be read as {channels} channels"
                    )
                if image.format == "PNG" or _ends_as_jpeg(path):
                    image.verify()
                else:
                    image.load()  # takes longer, but tells a cut-off image from one with something behind its end
        except (
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:  # Pillow's for damage
            raise ValueError(
                f"{path}: expected a whole PNG or JPEG image, got: {error}. Replace or remove the file."
            ) from error
        if size not in (None, got):
            expected = "{} × {} pixels (width × height)".format(*size)
            raise ValueError(
                f"{path}: expected {expected}, got {got[0]} × {got[1]}. Give another image_shape, or resize=True."
            )


def _ends_as_jpeg(path):
    with path.open("rb") as file:
        file.seek(-2, os.SEEK_END)
        return file.read() == b"\xff\xd9"
