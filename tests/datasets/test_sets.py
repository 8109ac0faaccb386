"""The data sets: what the embedded ones hold, and how the files of others become arrays."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from nnlab.datasets import (
    _files,
    audio,
    boxes,
    images,
    load_images,
    load_text,
    masks,
    pairs,
    reviews,
    series,
    texts,
    weights,
)

pytestmark = pytest.mark.usefixtures("cache_folder")


# ---- all of them ---------------------------------------------------------------------------------


COLLECTIONS = {
    "audio": audio.DATASETS,
    "box": boxes.DATASETS,
    "image": images.DATASETS,
    "mask": masks.DATASETS,
    "pair": pairs.DATASETS,
    "review": reviews.DATASETS,
    "series": series.DATASETS,
    "text": texts.DATASETS,
    "weight": weights.DATASETS,
}
ALL = {}
for each in COLLECTIONS.values():
    ALL |= each
SHARED_FOLDERS = (
    "ett/",
    "speech/",
    "timeseries/",
    "translation/",
)  # not named as the data set in them


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=COLLECTIONS)
def test_every_set_that_needs_a_file_names_an_embedded_one_of_its_kind_as_stand_in(collection):
    for dataset in collection.values():
        assert dataset.embedded == (dataset.stand_in is None)
        assert dataset.embedded or collection[dataset.stand_in].embedded


@pytest.mark.parametrize("name", ALL)
def test_every_set_tells_its_maker_and_licence_and_where_its_files_are(name):
    dataset = ALL[name]
    assert dataset.name == name
    assert dataset.source
    assert dataset.license
    for file in dataset.files:
        assert len(file.content_sha256) == 64
        assert len(file.urls) >= 2
        assert file.path.startswith((f"{dataset.name}/", *SHARED_FOLDERS))


# ---- digits --------------------------------------------------------------------------------------


def test_digits_are_those_of_scikit_learn_enlarged_and_padded():
    data = load_images("digits")
    original = load_digits()
    pictures = np.concatenate([data.x_train, data.x_test])[..., 0]
    labels = np.concatenate([data.y_train, data.y_test])
    assert (pictures.shape, pictures.dtype, labels.dtype) == ((1797, 28, 28), np.uint8, np.uint8)
    assert pictures[:, 2:26, 2:26].sum() == pictures.sum()
    assert (pictures.min(), pictures.max()) == (0, 255)
    # the pixel in the middle of nine is the original one
    small = np.rint(pictures[:, 3:26:3, 3:26:3] / 255 * 16)
    found = [(label, *image.ravel()) for label, image in zip(labels, small, strict=True)]
    pairs = zip(original.target, original.images, strict=True)
    assert sorted(found) == sorted((label, *image.ravel()) for label, image in pairs)
    # linear from one to the next
    between = pictures[:, 3:21, 3:26:3].astype(float).reshape(len(pictures), 6, 3, 8)
    expected = (2 * between[:, :-1, 0] + between[:, 1:, 0]) / 3
    np.testing.assert_allclose(between[:, :-1, 1], expected, atol=1)


def test_the_test_part_of_digits_is_a_fifth_with_every_class_alike():
    data = load_images("digits")
    assert (len(data.x_train), len(data.x_test)) == (1437, 360)
    assert set(np.bincount(data.y_test)) <= {35, 36, 37}
    train = {image.tobytes() for image in data.x_train}
    assert not train & {image.tobytes() for image in data.x_test}
    np.testing.assert_array_equal(data.x_test, load_images("digits").x_test)


# ---- shapes --------------------------------------------------------------------------------------


def test_shapes_are_colour_images_with_all_classes_alike_and_the_same_each_time():
    data = load_images("shapes")
    assert (data.x_train.shape, data.x_test.shape) == ((2500, 32, 32, 3), (500, 32, 32, 3))
    assert data.x_train.dtype == data.y_train.dtype == np.uint8
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [300] * 10
    assert min(np.bincount(data.y_test)) > 30
    np.testing.assert_array_equal(data.x_train, load_images("shapes").x_train)


def test_the_form_of_a_shape_tells_its_class_and_its_colours_do_not():
    data = load_images("shapes")

    def outline(pictures):
        """Return where pictures are unlike their corner, about the middle of that, (n, 22 · 22)."""
        corner = pictures[:, :3, :3].mean(axis=(1, 2), keepdims=True)
        inside = np.abs(pictures - corner).mean(axis=3) > 40  # (n, 32, 32)
        centred = []
        for each in inside:
            rows, columns = (np.argwhere(each).min(axis=0) + np.argwhere(each).max(axis=0)) // 2
            padded = np.pad(each, 16)
            centred.append(padded[rows + 5 : rows + 27, columns + 5 : columns + 27].ravel())
        return np.array(centred)

    def colours(pictures):
        return pictures.reshape(len(pictures), -1, 3).mean(axis=1)

    def accuracy(view):
        classifier = KNeighborsClassifier(1).fit(view(data.x_train), data.y_train)
        return classifier.score(view(data.x_test), data.y_test)

    assert accuracy(outline) > 0.9
    assert accuracy(colours) < 0.2


# ---- python_docs ---------------------------------------------------------------------------------


def test_python_docs_are_the_help_texts_of_this_python():
    data = load_text("python_docs")
    assert 300_000 < len(data.text) < 1_000_000
    assert 'The "if" statement' in data.text
    assert (data.name, data.license) == ("python_docs", "PSF-2.0")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in data.source
    assert load_text("python_docs").text == data.text


# ---- cifar10, an archive -------------------------------------------------------------------------


def batch(seed):
    """Return five images, their labels, and the bytes in which CIFAR-10 writes them."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (5, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, 5, np.uint8)
    records = []
    for picture, label in zip(pictures, labels, strict=True):
        records.append(bytes([label]))
        for channel in range(3):
            records += [row[:, channel].tobytes() for row in picture]
    return pictures, labels, b"".join(records)


MEMBERS = {"data_batch_1.bin": batch(1)[2], "test_batch.bin": batch(2)[2]}
OFFICIAL = {f"cifar-10-batches-bin/{name}": content for name, content in MEMBERS.items()}
OFFICIAL |= {f"cifar-10-batches-bin/data_batch_{number}.bin": bytes(999) for number in (2, 3, 4, 5)}
OFFICIAL |= {"cifar-10-batches-bin/readme.html": b"notes"}


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; cifar10 is ten images here."""
    return shrunk(images.DATASETS, "cifar10", MEMBERS)


def state():
    return _files.state(images.DATASETS["cifar10"])


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("cifar-10-binary.tar.gz", OFFICIAL),
        ("cifar-10-binary.tar.gz", MEMBERS),
        ("the two files I need.zip", MEMBERS),
        ("mirror.TGZ", {f"other/{name}": content for name, content in MEMBERS.items()}),
        ("download.zip", {"cifar-10-binary.tar": OFFICIAL}),
        ("unpacked on the way.tar", OFFICIAL),
    ],
    ids=["official", "subset", "zip", "mirror", "tar in zip", "tar"],
)
def test_cifar10_is_read_from_any_archive_that_holds_its_two_files(put, name, members):
    path = put(name, members)
    before = path.read_bytes()
    data = load_images("cifar10")
    pictures, labels, _ = batch(1)
    np.testing.assert_array_equal(data.x_train, pictures)
    np.testing.assert_array_equal(data.y_train, labels)
    np.testing.assert_array_equal(data.x_test, batch(2)[0])
    assert data.x_train.flags.writeable
    assert data.class_names[6] == "frog"
    assert state() == "provided"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


WRONG = MEMBERS["test_batch.bin"][:-1] + bytes([MEMBERS["test_batch.bin"][-1] ^ 1])


@pytest.mark.parametrize(
    ("members", "got"),
    [
        (
            MEMBERS | {"test_batch.bin": WRONG},
            "got 30,730 bytes in data_batch_1.bin, test_batch.bin with sha256",
        ),
        (
            {"test_batch.bin": MEMBERS["test_batch.bin"]},
            "got 15,365 bytes in test_batch.bin with sha256",
        ),
        ({}, "got 0 bytes in no data member with sha256"),
        (MEMBERS | {"again/test_batch.bin": b""}, "got the member test_batch.bin twice"),
        (MEMBERS | {"../outside": b""}, "got a path that leads outside: '../outside'"),
        (MEMBERS | {"test_batch.bin": bytes(99_999)}, "got more than 30,730 bytes"),
    ],
    ids=["wrong byte", "missing", "empty", "twice", "outside", "too long"],
)
def test_an_archive_that_holds_anything_else_is_damaged(put, members, got):
    path = put("cifar-10-binary.tar.gz", members)
    with pytest.raises(
        ValueError, match=r"is damaged: expected 30,730 bytes in data_batch_1\.bin, "
    ) as caught:
        load_images("cifar10", offline="shapes")
    assert got in str(caught.value)
    assert str(path) in str(caught.value)
    assert state() == "damaged"


def test_another_archive_that_lies_beside_it_is_no_damage(put):
    put("cifar-10-python.tar.gz", {"cifar-10-batches-py/data_batch_1": b"no such format"})
    put("broken.zip", b"PK\3\4")
    assert state() == "absent"
    with pytest.warns(UserWarning, match="shapes stands in for cifar10"):
        load_images("cifar10", offline="shapes")
    put("z.zip", MEMBERS)
    assert load_images("cifar10").name == "cifar10"
