"""The published files themselves, where NNLAB_DATA or the cache offers them."""

import zipfile
from collections import Counter

import numpy as np
import pytest

from nnlab.datasets import (
    _files,
    load_boxes,
    load_images,
    load_masks,
    load_pairs,
    load_reviews,
    load_series,
    load_text,
    load_weights,
)
from nnlab.datasets import series as series_sets
from nnlab.datasets.images import DATASETS


@pytest.fixture
def real(monkeypatch):
    """Return a function that loads a data set by its name; skip where its files are not here."""
    monkeypatch.setenv("NNLAB_OFFLINE", "1")

    def load(name):
        try:
            if name == "bccd":
                return load_boxes(name)
            if name == "squeezenet":
                return load_weights(name)
            if name in series_sets.DATASETS:
                return load_series(name)
            if name == "imdb":
                return load_reviews(name)
            if name == "spa_eng":
                return load_pairs(name)
            if name == "nuclei":
                return load_masks(name)
            return load_images(name) if name in DATASETS else load_text(name)
        except FileNotFoundError:
            pytest.skip(f"{name} is neither in a folder of NNLAB_DATA nor in the cache")

    return load


def test_mnist_has_its_published_class_counts(real):
    data = real("mnist")
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(data.y_train), train)
    np.testing.assert_array_equal(np.bincount(data.y_test), test)
    assert data.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert (data.x_train.shape, data.x_test.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    assert data.x_train.dtype == data.y_train.dtype == np.uint8
    # the mean and deviation that every tutorial uses
    assert round(data.x_train.mean() / 255, 4) == 0.1307
    assert round(data.x_train.std() / 255, 4) == 0.3081


def test_fashion_mnist_has_as_many_images_of_each_class(real):
    data = real("fashion_mnist")
    assert np.bincount(data.y_train).tolist() == [6000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert data.class_names[data.y_train[0]] == "Ankle boot"
    assert round(data.x_train.mean() / 255, 4) == 0.2860
    assert (data.name, data.license) == ("fashion_mnist", "MIT")


def test_tiny_shakespeare_is_whole(real):
    data = real("tiny_shakespeare")
    assert (len(data.text), len(set(data.text))) == (1_115_394, 65)
    assert data.text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.\n")
    assert (data.name, data.license) == ("tiny_shakespeare", "public domain")


def test_cifar10_has_the_published_first_labels_and_counts(real):
    data = real("cifar10")
    train = [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]
    assert np.bincount(data.y_train).tolist() == train
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert (data.x_train.shape, data.x_test.shape) == ((10000, 32, 32, 3), (10000, 32, 32, 3))
    first = [data.class_names[label] for label in data.y_train[:3]]
    assert first == ["frog", "truck", "truck"]
    assert data.x_train[0, 0, 0].tolist() == [59, 62, 63]  # of every tutorial's first frog
    first = [data.class_names[label] for label in data.y_test[:4]]
    assert first == ["cat", "ship", "ship", "airplane"]


def test_cifar10_is_also_read_from_its_tar_inside_a_zip_under_another_name(tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    found = _files.copies(DATASETS["cifar10"].files[0])
    if not found:
        pytest.skip("cifar10 is neither in a folder of NNLAB_DATA nor in the cache")
    folder = tmp_path / "cifar10"
    folder.mkdir()
    with zipfile.ZipFile(folder / "my download.zip", "w") as archive:
        archive.write(found[0][1], "some/folder/original.tar.gz")
        archive.writestr("notes.txt", "from a mirror")
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    assert load_images("cifar10").x_train[0, 0, 0].tolist() == [59, 62, 63]


def test_caltech101_has_its_published_counts_and_the_first_person_in_one_part_only(real):
    data = real("caltech101")
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]))
    assert counts.tolist() == [435, 69, 67, 64, 67, 86, 78, 128, 64, 66, 35, 85, 37]
    assert np.bincount(data.y_test).tolist() == [87, 13, 13, 12, 13, 17, 15, 25, 12, 13, 7, 17, 7]
    assert data.image_shape == (192, 192, 3)
    groups = [name.split("/")[0] for name in data.class_names]
    assert groups == ["person"] + 6 * ["animal"] + 6 * ["plant"]


def test_the_published_weights_of_squeezenet_are_722_496_numbers(real):
    weights = real("squeezenet")
    assert weights.num_parameters == 722_496
    kernel, biases = weights.layers["conv1"]
    assert (kernel.shape, biases.shape) == ((3, 3, 3, 64), (64,))


def test_bccd_has_its_published_counts_and_two_boxes_of_no_size(real):
    data = real("bccd")
    assert data.images.shape == (364, 240, 320, 3)
    assert [data.parts.count(part) for part in ("train", "val", "test")] == [205, 87, 72]
    assert np.bincount(np.concatenate(data.labels)).tolist() == [4155, 372, 361]
    empty = []
    for name, box in zip(data.image_names, data.boxes, strict=True):
        assert (box[:, :2] >= 0).all()
        assert (box[:, 2:] <= [320, 240]).all()
        sizes = box[:, 2:] - box[:, :2]
        assert (sizes >= 0).all()
        empty += [name] * int((sizes == 0).all(axis=1).sum())
    assert empty == ["BloodImage_00338", "BloodImage_00343"]
    # the first object of the first annotation: a white cell at 260, 177, 491, 376 of 640 × 480
    first = data.boxes[data.image_names.index("BloodImage_00000")][0]
    assert first.tolist() == [130, 88.5, 245.5, 188]


def test_both_transformers_have_17_420_hours_without_a_gap(real):
    for name, mean_temperature in (("etth1", 13.32), ("etth2", 26.61)):
        data = real(name)
        assert data.values.shape == (17_420, 7)
        assert data.series_names == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
        assert set(np.diff(data.times).tolist()) == {np.timedelta64(1, "h").astype("m8[s]").item()}
        assert str(data.times[0]) == "2016-07-01T00:00:00"
        assert round(data.values[:, 6].mean(), 2) == mean_temperature


def test_small_series_have_their_published_lengths_and_ranges(real):
    about = {}
    for name in ("sunspots", "passengers", "temperatures"):
        data = real(name)
        ends = (str(data.times[0]), str(data.times[-1]))
        about[name] = (len(data.times), *ends, data.values.min(), data.values.max())
    assert about == {
        "sunspots": (2820, "1749-01", "1983-12", 0.0, 253.8),
        "passengers": (144, "1949-01", "1960-12", 104, 622),
        "temperatures": (3650, "1981-01-01", "1990-12-31", 0.0, 26.3),
    }


def test_the_nuclei_are_those_of_434_images_and_no_mask_covers_another(real):
    data = real("nuclei")
    assert (len(data.images), data.num_objects) == (434, 12_187)
    shapes = Counter(labels.shape for labels in data.labels)
    assert shapes == {(256, 256): 334, (360, 360): 91, (260, 347): 5, (256, 320): 4}
    assert max(int(labels.max()) for labels in data.labels) == 132
    assert min(np.bincount(labels.ravel()).min() for labels in data.labels) == 21


def test_imdb_has_its_published_counts_and_123_texts_in_both_parts(real):
    data = real("imdb")
    assert (len(data.x_train), len(data.x_test)) == (25_000, 25_000)
    assert np.bincount(data.y_train).tolist() == np.bincount(data.y_test).tolist() == [12_500] * 2
    assert len(set(data.x_train) & set(data.x_test)) == 123
    assert len({*data.x_train, *data.x_test}) == 49_582
    for y, stars in ((data.y_train, data.stars_train), (data.y_test, data.stars_test)):
        assert set(stars[y == 0].tolist()) == {1, 2, 3, 4}
        assert set(stars[y == 1].tolist()) == {7, 8, 9, 10}
    # train/pos/0_9.txt, the first that most tutorials show
    assert data.x_train[12_500].startswith("Bromwell High is a cartoon comedy. It ran at the same")


def test_spa_eng_has_its_118_121_pairs_of_which_12_percent_have_several_translations(real):
    data = real("spa_eng")
    assert len(data.sources) == len(data.targets) == 118_121
    counts = Counter(data.sources)
    assert len(counts) == 102_323
    assert sum(count > 1 for count in counts.values()) == 12_247
    assert len(set(zip(data.sources, data.targets, strict=True))) == 118_112
    assert (data.sources[0], data.targets[:2]) == ("Go.", ("Ve.", "Vete."))
    assert data.sources[-1].startswith("It may be impossible to get a completely error-free corpus")
    assert not any(set("\t\r\n") & set(text) for text in data.sources + data.targets)
