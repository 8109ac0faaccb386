"""Images read from disk while training: what arrives, in which order, what is refused, and that memory stays flat."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from nnlab.datasets import stream_image_folder, stream_records, write_records

SHAPE, NAMES = (6, 5, 3), ("cat", "dog", "eel")


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (50, *SHAPE), np.uint8), rng.integers(0, 3, 50)


@pytest.fixture
def pictures(arrays, tmp_path):
    """A folder with a sub-folder of PNG files for each class."""
    for number, (image, label) in enumerate(zip(*arrays, strict=True)):
        path = tmp_path / "pictures" / NAMES[label] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "pictures"


@pytest.fixture
def records(arrays, tmp_path):
    """The same images in files of eight; the last has two."""
    write_records(tmp_path / "records", *arrays, class_names=NAMES, shard_size=8)
    return tmp_path / "records"


@pytest.fixture(params=["pictures", "records"])
def stream(request):
    """A function that opens a data set in batches of 16, once from picture files, once from record files."""
    folder = request.getfixturevalue(request.param)
    if request.param == "pictures":
        return lambda batch_size=16, **options: stream_image_folder(
            folder, SHAPE, batch_size, **options
        )
    return lambda batch_size=16, **options: stream_records(folder, batch_size, **options)


def epoch(dataset):
    """Return all images and labels of an epoch, in the order in which they come."""
    images, labels = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def as_set(images, labels):
    return {(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)}


# ---- what arrives ----------------------------------------------------------------------------------------


def test_an_epoch_has_every_image_once_with_its_label(stream, arrays):
    dataset = stream()
    images, labels = epoch(dataset)
    assert (images.shape, images.dtype, labels.dtype) == ((50, *SHAPE), np.uint8, np.int32)
    assert as_set(images, labels) == as_set(*arrays)
    assert dataset.class_names == NAMES


def test_the_number_and_the_shape_of_batches_are_known_beforehand(stream):
    dataset = stream()
    assert dataset.cardinality() == 4
    assert [len(labels) for _, labels in dataset] == [16, 16, 16, 2]
    assert dataset.element_spec[0].shape.as_list() == [None, *SHAPE]


def test_the_next_epoch_has_another_order_and_the_same_seed_the_same_orders(stream):
    keras.utils.set_random_seed(0)
    first, again, other = stream(seed=1), stream(seed=1), stream(seed=2)
    one, two = epoch(first)[0], epoch(first)[0]
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, epoch(other)[0])
    np.testing.assert_array_equal(one, epoch(again)[0])
    np.testing.assert_array_equal(two, epoch(again)[0])


def test_shares_are_disjoint_and_have_equally_many_full_batches(stream, arrays):
    shares = [stream(batch_size=4, shard=(index, 3)) for index in range(3)]
    assert [[len(labels) for _, labels in share] for share in shares] == [[4] * 4] * 3
    parts = [as_set(*epoch(share)) for share in shares]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 48
    assert set.union(*parts) <= as_set(*arrays)
    seen = as_set(*epoch(stream(batch_size=5, shard=(0, 3), seed=0)))
    assert len(seen) == 15


def test_what_a_share_leaves_out_is_not_always_the_same(stream):
    share = stream(batch_size=15, shard=(0, 3), seed=0)  # of 16 images or more
    assert len(set.union(*(as_set(*epoch(share)) for _ in range(12)))) > 15


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


def test_a_network_learns_from_a_stream_and_is_evaluated_by_it(stream, arrays):
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input(SHAPE),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss, metrics=["accuracy"])
    history = model.fit(stream(seed=0), epochs=30, shuffle=False, verbose=0)  # True: Keras warns
    assert history.history["accuracy"][-1] > 0.9
    from_disk = model.evaluate(stream(), verbose=0, return_dict=True)
    from_memory = model.evaluate(*arrays, verbose=0, return_dict=True)
    assert from_disk == pytest.approx(from_memory, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"shard": (2, 2)}, r"0 <= index < count, got \(2, 2\)"),
        ({"shard": (-1, 2)}, r"0 <= index < count, got \(-1, 2\)"),
        (
            {"shard": (60, 61)},
            r"too few images: a share of shard=\(60, 61\) has 0, less than one batch of 16",
        ),
        (
            {"shard": (0, 7)},
            r"too few images: a share of shard=\(0, 7\) has [27], less than one batch of 16",
        ),
    ],
)
def test_batches_and_shares_that_are_none_are_refused(stream, options, words):
    with pytest.raises(ValueError, match=words):
        stream(**options)


# ---- memory ----------------------------------------------------------------------------------------------

MEMORY = """
import sys
import numpy as np, psutil
from PIL import Image
from pathlib import Path
from nnlab.datasets import stream_image_folder, stream_records, write_records

folder, shape, process = Path(sys.argv[1]), (256, 256, 3), psutil.Process()

def peak(dataset):
    highest = 0
    for images, labels in dataset:
        highest = max(highest, process.memory_info().rss)
    return highest

def growth(open_dataset):
    small = peak(open_dataset(1).repeat(40))  # as many batches, so that both have what reading itself takes
    return (peak(open_dataset(40)) - small) / 2**20

for size in (1, 40):
    images = (np.full(shape, number % 256, np.uint8) for number in range(16 * size))
    write_records(folder / f"records {size}", images, (0 for _ in range(16 * size)), shard_size=2)
    (folder / f"pictures {size}" / "all").mkdir(parents=True)
    for number in range(16 * size):
        Image.new("RGB", shape[:2], (number % 256, 0, 0)).save(folder / f"pictures {size}" / "all" / f"{number}.png")

records = lambda size: stream_records(folder / f"records {size}", 8, buffer=8)
pictures = lambda size: stream_image_folder(folder / f"pictures {size}", shape, 8)
print(growth(records), growth(pictures), growth(lambda size: records(size).cache()))
"""


def test_forty_times_the_images_take_no_more_memory(tmp_path):
    """Decoded, 16 images are 3 MB and 640 images 120 MB: a data set that keeps them shows that the measure sees it."""
    freed_at_once = {
        "MALLOC_MMAP_THRESHOLD_": "65536"
    }  # else what is free counts, too, as far as it lies scattered
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    printed = subprocess.check_output(command, text=True, env=os.environ | freed_at_once)
    records, pictures, kept = map(float, printed.split())
    assert max(records, pictures) < 20, printed
    assert kept > 100, printed
