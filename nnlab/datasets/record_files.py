"""Images in record files, for data that do not fit in memory: written once, read while training."""

import contextlib
import itertools
import math
import numbers
from pathlib import Path

from nnlab.datasets import _records


def write_records(folder, images, labels, *, class_names=None, shard_size=4096):
    """Write images with labels into numbered TFRecord files; return the path of ``index.json``.

    A record is a ``tf.train.Example`` with the features ``image`` (bytes, as
    `numpy.ndarray.tobytes` gives them) and ``label`` (int64). Each file is written under another
    name and then renamed, the index last: a set that was not finished has none, and
    `stream_records` refuses it; writing it again replaces its files.

    folder: where the files are written; it is made if need be.
    images: uint8 arrays (height, width, channels) or batches of them, all of one shape; any
        iterable, such as a generator, of which one item at a time is in memory.
    labels: integers counted from 0, or batches of them; any iterable.
    class_names: one for each label; None: the labels as text, which then must be below 100,000.
    shard_size: images in a file; only the last has fewer. Some tens of files shuffle well. Where
        the order of the images tells their class, shuffle them before writing as far as you can.

    Raises ValueError for images, labels or class_names of another kind or number, FileExistsError
    where a whole set is.
    """
    folder = Path(folder)
    _records.check_target(folder, shard_size)
    class_names = _names(class_names)
    pairs = _records.pairs(images, labels, class_names)
    shards = []
    image_shape = ()
    num_classes = 0
    for first_image, first_label in pairs:
        image_shape = first_image.shape
        rest = itertools.islice(pairs, shard_size - 1)
        shard_pairs = itertools.chain([(first_image, first_label)], rest)
        shard, highest_label = _records.write_shard(folder, len(shards), shard_pairs)
        shards.append(shard)
        num_classes = max(num_classes, highest_label + 1)
    names = range(num_classes) if class_names is None else class_names
    return _records.write_index(folder, image_shape, names, shards)


def stream_records(
    folder, batch_size, *, shuffle=True, seed=None, shard=(0, 1), buffer=2048, verify=True
):
    """Return a `tf.data.Dataset` of batches from the files that `write_records` wrote.

    A batch is (images, labels): uint8 (batch, height, width, channels), 0 to 255, and int32
    (batch,), counted from 0: the class of a label is ``dataset.class_names[label]``. The last batch
    may be smaller. An epoch has every image once. Every Keras backend takes it: ``fit(dataset,
    shuffle=False)``, where False only tells Keras not to warn that it cannot shuffle. Where Keras
    computes with another backend, TensorFlow is told to leave the GPUs to that.

    folder: where the files are.
    batch_size: images in a batch.
    shuffle: True, for training: the files are shuffled, eight at a time are read in turn, and
        images are drawn at random from a buffer, so that the order is new in each epoch. False, for
        evaluation: always the order in which they were written, so that predictions and labels
        agree that are read one after the other.
    seed: together with TensorFlow's own, which ``set_seed`` sets, it fixes the order in each epoch.
    shard: (index, count) reads every count-th file from that index on; only these must be there.
        Every share has equally many batches, and only full ones, as processes that train together
        wait for each other: the rest is left out, other images each time. Files of equal size leave
        out the least.
    buffer: images to draw from, the larger, the better shuffled; they are in memory. With 1, only
        the files are shuffled.
    verify: read the files once beforehand and compare their sha256 (about a second for a gigabyte).
        Without it, only sizes are compared, and a changed byte is noticed while reading:
        ``tf.errors.DataLossError``.

    Raises FileNotFoundError for a folder, an index or a file that is not there, ValueError for a
    wrong argument, a damaged index, and a file that is shorter, longer or different from what was
    written.
    """
    tf = _tensorflow()
    _check_arguments(batch_size, shard, buffer)
    index = _records.read_index(Path(folder))
    batches = _batches_of_each(index["shards"], batch_size, shard)
    shards = index["shards"][shard[0] :: shard[1]]
    paths = [_records.verified(Path(folder) / each["file"], each, verify) for each in shards]
    if shuffle:
        files = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=seed)
        records = files.interleave(tf.data.TFRecordDataset, cycle_length=8)
    else:
        records = tf.data.TFRecordDataset(paths)
    count = sum(each["images"] for each in shards)
    records = records.apply(tf.data.experimental.assert_cardinality(count))
    if shuffle:
        records = records.shuffle(buffer, seed=seed)
    dataset = records.batch(batch_size).take(batches)
    dataset = dataset.map(_parser(index["image_shape"])).prefetch(2).with_options(_options())
    dataset.class_names = tuple(index["class_names"])
    return dataset


def _names(class_names):
    """Return the names of classes as a tuple, or None; raise a ValueError for one str and none."""
    if class_names is None:
        return None
    names = () if isinstance(class_names, str) else tuple(class_names)
    if not names:
        raise ValueError(
            f"class_names must hold a name for each class, got {class_names!r}: a list of str, or "
            "None for numbers"
        )
    return names


def _tensorflow():
    """Return TensorFlow; if Keras computes with another backend, it leaves the GPUs to that."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        with contextlib.suppress(RuntimeError):  # it uses them already: the program's own choice
            tf.config.set_visible_devices([], "GPU")
    return tf


def _parser(image_shape):
    """Return a function that turns a batch of records into images and labels."""
    import tensorflow as tf

    features = {
        "image": tf.io.FixedLenFeature((), tf.string),
        "label": tf.io.FixedLenFeature((), tf.int64),
    }

    def parse(records):
        batch = tf.io.parse_example(records, features)
        pixels = tf.io.decode_raw(batch["image"], tf.uint8)
        pixels = tf.ensure_shape(pixels, (None, math.prod(image_shape)))  # (batch, pixels)
        images = tf.reshape(pixels, (-1, *image_shape))  # (batch, height, width, channels)
        return images, tf.cast(batch["label"], tf.int32)

    return parse


def _options():
    """Return options that measure nothing: see `nnlab.training.disable_autotune`."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    return options


def _check_arguments(batch_size, shard, buffer):
    if batch_size < 1:
        raise ValueError(
            f"batch_size must be at least 1, got {batch_size}: choose one, for example 128."
        )
    pair = isinstance(shard, tuple | list) and len(shard) == 2
    whole = pair and all(isinstance(number, numbers.Integral) for number in shard)
    if not whole or not 0 <= shard[0] < shard[1]:
        raise ValueError(
            f"shard must be (index, count) with 0 <= index < count, got {shard!r}: (0, 1) is all."
        )
    if buffer < 1:
        raise ValueError(
            f"buffer must be at least 1, got {buffer}: choose the number of images to draw from."
        )


def _batches_of_each(shards, batch_size, shard):
    """Return the full batches in the smallest share, which every one has; −1, for all, for one."""
    count = shard[1]
    if count == 1:
        return -1
    sizes = [each["images"] for each in shards]
    images = min(sum(sizes[index::count]) for index in range(count))
    if images < batch_size:
        raise ValueError(
            f"too few images: a share of shard={shard} has {images}, less than one batch of "
            f"{batch_size}. Ask for fewer shares or smaller batches; there must be one file or "
            "more for each share (shard_size)."
        )
    return images // batch_size
