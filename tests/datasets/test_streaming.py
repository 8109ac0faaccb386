"""Record files read while training: what arrives, in which order, and that memory stays flat."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnlab.datasets import stream_records, write_records

SHAPE = (6, 5, 3)


@pytest.fixture
def stream(records):
    """Return a function that opens the 50 small images, in batches of 16 if not told otherwise."""
    return lambda batch_size=16, **options: stream_records(records, batch_size, **options)


# ---- what arrives --------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_has_every_image_once_with_its_label(stream, small_images, epoch, as_set, shuffle):
    dataset = stream(shuffle=shuffle)
    images, labels = epoch(dataset)
    assert (images.shape, images.dtype, labels.dtype) == ((50, *SHAPE), np.uint8, np.int32)
    assert as_set(images, labels) == as_set(*small_images)
    assert dataset.class_names == ("cat", "dog", "eel")


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_number_and_the_shape_of_batches_are_known_beforehand(stream, shuffle):
    dataset = stream(shuffle=shuffle)
    assert dataset.cardinality() == 4
    assert [len(labels) for _, labels in dataset] == [16, 16, 16, 2]
    assert dataset.element_spec[0].shape.as_list() == [None, *SHAPE]


def test_the_next_epoch_has_another_order_and_the_same_seed_the_same_orders(stream, epoch):
    keras.utils.set_random_seed(0)
    first = stream(seed=1)
    again = stream(seed=1)
    one = epoch(first)[0]
    two = epoch(first)[0]
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, epoch(stream(seed=2))[0])
    np.testing.assert_array_equal(one, epoch(again)[0])
    np.testing.assert_array_equal(two, epoch(again)[0])


def test_without_shuffling_every_epoch_has_the_order_in_which_images_were_written(
    stream, small_images, epoch
):
    dataset = stream(shuffle=False, seed=3, buffer=4)
    for _ in range(2):
        images, labels = epoch(dataset)
        np.testing.assert_array_equal(images, small_images[0])
        np.testing.assert_array_equal(labels, small_images[1])


def test_predictions_and_labels_that_are_read_one_after_the_other_agree(stream, small_images):
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.GlobalAveragePooling2D()])
    dataset = stream(shuffle=False)
    colours = model.predict(dataset, verbose=0)
    labels = np.concatenate([labels for _, labels in dataset])
    images, written = small_images
    np.testing.assert_allclose(colours, images.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(labels, written)


# ---- shares --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [True, False])
def test_shares_are_disjoint_and_have_equally_many_full_batches(
    stream, small_images, epoch, as_set, shuffle
):
    shares = [stream(batch_size=4, shard=(index, 3), shuffle=shuffle) for index in range(3)]
    for share in shares:
        assert [len(labels) for _, labels in share] == [4] * 4
    parts = [as_set(*epoch(share)) for share in shares]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 48
    assert set.union(*parts) <= as_set(*small_images)
    seen = as_set(*epoch(stream(batch_size=5, shard=(0, 3), seed=0)))
    assert len(seen) == 15


def test_what_a_share_leaves_out_is_not_always_the_same(stream, epoch, as_set):
    share = stream(batch_size=15, shard=(0, 3), seed=0)  # of 16 images or more
    assert len(set.union(*(as_set(*epoch(share)) for _ in range(12)))) > 15


# ---- how it is read ------------------------------------------------------------------------------


def test_nothing_is_measured_and_the_order_does_not_depend_on_the_clock(stream):
    options = stream().options()
    assert (options.autotune.enabled, options.deterministic) == (False, True)


@pytest.mark.parametrize(
    ("backend", "calls"), [("tensorflow", []), ("jax", [([], "GPU")]), ("torch", [([], "GPU")])]
)
def test_gpus_are_left_to_the_backend_that_computes(stream, monkeypatch, backend, calls):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    seen = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *devices: seen.append(devices))
    stream()
    assert seen == calls


def test_a_network_learns_from_a_stream_and_is_evaluated_by_it(stream, small_images):
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss, metrics=["accuracy"])
    history = model.fit(stream(seed=0), epochs=30, shuffle=False, verbose=0)  # True: Keras warns
    assert history.history["accuracy"][-1] > 0.9
    from_disk = model.evaluate(stream(shuffle=False), verbose=0, return_dict=True)
    from_memory = model.evaluate(*small_images, verbose=0, return_dict=True)
    assert from_disk == pytest.approx(from_memory, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"buffer": 0}, "buffer must be at least 1, got 0"),
        ({"shard": (2, 2)}, r"0 <= index < count, got \(2, 2\)"),
        ({"shard": 1}, r"shard must be \(index, count\) .*got 1: \(0, 1\) is all"),
        ({"shard": (0,)}, r"0 <= index < count, got \(0,\)"),
        ({"shard": (0, 2.5)}, r"0 <= index < count, got \(0, 2\.5\)"),
        ({"shard": (-1, 2)}, r"0 <= index < count, got \(-1, 2\)"),
        ({"shard": (60, 61)}, r"a share of shard=\(60, 61\) has 0, less than one batch of 16"),
        ({"shard": (0, 7)}, r"a share of shard=\(0, 7\) has 2, less than one batch of 16"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(stream, options, words):
    with pytest.raises(ValueError, match=words):
        stream(**options)


# ---- memory --------------------------------------------------------------------------------------

MEMORY = """
import sys
import numpy as np, psutil
from pathlib import Path
from nnlab.datasets import stream_records, write_records

folder = Path(sys.argv[1])
process = psutil.Process()

def peak(dataset):
    highest = 0
    for images, labels in dataset:
        highest = max(highest, process.memory_info().rss)
    return highest

def growth(open_dataset):
    small = peak(open_dataset(1).repeat(40))  # as many batches: both have what reading itself takes
    return (peak(open_dataset(40)) - small) / 2**20

for size in (1, 40):
    images = (np.full((256, 256, 3), number % 256, np.uint8) for number in range(16 * size))
    write_records(folder / str(size), images, (0 for _ in range(16 * size)), shard_size=2)

records = lambda size: stream_records(folder / str(size), 8, buffer=8)
in_order = lambda size: stream_records(folder / str(size), 8, shuffle=False)
print(growth(records), growth(in_order), growth(lambda size: records(size).cache()))
"""


def test_forty_times_the_images_take_no_more_memory(tmp_path):
    """16 images are 3 MB and 640 images 120 MB: a cache of them shows that the measure sees it."""
    # else what is free counts, too, as far as it lies scattered
    freed_at_once = {"MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    printed = subprocess.check_output(command, text=True, env=os.environ | freed_at_once)
    records, in_order, kept = map(float, printed.split())
    assert max(records, in_order) < 20, printed
    assert kept > 100, printed


def test_images_may_be_more_than_what_write_records_holds_at_once(tmp_path, epoch):
    def images():
        for number in range(100):
            yield np.full((2, 2, 1), number, np.uint8)

    write_records(tmp_path, images(), (number % 10 for number in range(100)), shard_size=7)
    found, labels = epoch(stream_records(tmp_path, 9, shuffle=False))
    np.testing.assert_array_equal(found[:, 0, 0, 0], np.arange(100))
    np.testing.assert_array_equal(labels, np.arange(100) % 10)
