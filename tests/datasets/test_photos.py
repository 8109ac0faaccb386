"""The photos of Caltech 101, from whatever archive they come, and the sketches in their place."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.ensemble import RandomForestClassifier

from nnlab.datasets import _files, images, load_images
from nnlab.datasets.sets.caltech101 import CATEGORIES

pytestmark = pytest.mark.usefixtures("cache_folder")


def jpeg(color, size=(30, 20), mode="RGB"):
    """Return a JPEG photo with a red edge left and right, and a plain middle."""
    photo = Image.new(mode, size, color)
    if mode == "RGB":
        for edge in (0, size[0] - 4):
            photo.paste((255, 0, 0), (edge, 0, edge + 4, size[1]))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


MEMBERS = {}  # five photos of each category, each category in a grey of its own
for label, folder in enumerate(CATEGORIES):
    for number in range(1, 6):
        MEMBERS[f"{folder}/image_{number:04}.jpg"] = jpeg((15 * label + number,) * 3)
GROUPED = {}  # as in a subset, whose folders may say a group
for name, content in MEMBERS.items():
    group = CATEGORIES[name.split("/")[0]].split("/")[0]
    GROUPED[f"caltech101_subset/{group}/{name}"] = content
OTHERS = {
    "101_ObjectCategories/Faces_easy/image_0001.jpg": jpeg((9, 9, 9)),
    "101_ObjectCategories/cougar_body/image_0001.jpg": jpeg((8, 8, 8)),
    "101_ObjectCategories/BACKGROUND_Google/tmp": b"a list",
    "101_ObjectCategories/.DS_Store": b"\0",
}
PHOTOS = {f"101_ObjectCategories/{name}": content for name, content in MEMBERS.items()}


def official(photos=None):
    """Return what the published zip holds: a tar of photos, one of outlines."""
    return {
        "caltech-101/101_ObjectCategories.tar.gz": (photos or PHOTOS) | OTHERS,
        "caltech-101/Annotations.tar": {"Annotations/a.mat": b"outline"},
        "caltech-101/show_annotation.m": b"a program",
        "__MACOSX/caltech-101/._101_ObjectCategories.tar.gz": b"\0\5",
    }


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; caltech101 is tiny here."""
    return shrunk(images.DATASETS, "caltech101", MEMBERS)


# ---- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("caltech-101.zip", official()),
        ("101_ObjectCategories.tar.gz", PHOTOS | OTHERS),
        ("subset.tar.gz", GROUPED),
        ("unpacked.tar", PHOTOS),
    ],
    ids=["official", "its inner archive", "subset", "tar"],
)
def test_the_photos_are_read_from_the_official_archive_and_from_any_that_holds_them(
    put, name, members
):
    path = put(name, members)
    data = load_images("caltech101")
    assert (data.x_train.shape, data.x_test.shape) == ((52, 192, 192, 3), (13, 192, 192, 3))
    assert data.x_train.dtype == data.y_train.dtype == np.uint8
    assert data.class_names[:2] == ("person/face", "animal/cougar")
    assert (data.name, data.license) == ("caltech101", "CC BY 4.0")
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


def test_the_last_fifth_of_each_category_by_file_number_is_the_test_part(put):
    put("a.zip", official(dict(reversed(PHOTOS.items()))))
    data = load_images("caltech101")
    assert data.y_train.tolist() == np.repeat(np.arange(13), 4).tolist()
    assert data.y_test.tolist() == list(range(13))
    middle = data.x_train[:, 96, 96, 0].astype(int)
    expected = np.add.outer(15 * np.arange(13), np.arange(1, 5)).ravel()
    np.testing.assert_allclose(middle, expected, atol=2)  # JPEG rounds
    np.testing.assert_allclose(data.x_test[:, 96, 96, 0], 15 * np.arange(13) + 5, atol=2)


def test_a_photo_is_cut_to_the_square_in_its_middle_and_a_grey_one_gets_three_channels(shrunk):
    wide = "Faces/image_0001.jpg"
    grey = "Faces/image_0002.jpg"
    members = MEMBERS | {
        wide: jpeg((0, 0, 200), size=(400, 192)),
        grey: jpeg(77, size=(192, 300), mode="L"),
    }
    shrunk(images.DATASETS, "caltech101", members)("photos.tar.gz", members)
    photos = load_images("caltech101").x_train
    assert photos[0, :, :, 0].max() < 30  # the red edges are cut off
    assert photos[0, :, :, 2].min() > 170
    np.testing.assert_allclose(photos[1].astype(int), 77, atol=2)


# ---- what is refused -----------------------------------------------------------------------------


LLAMA = "101_ObjectCategories/llama/image_0003.jpg"
TAMPERED = PHOTOS | {LLAMA: PHOTOS[LLAMA][:-1] + b"\0"}
SHORTER = dict(list(PHOTOS.items())[:-1])
AGAIN = {"llama/image_0003.jpg": b""}
CLIMBS = {"../../llama/image_0099.jpg": b"x"}


@pytest.mark.parametrize(
    ("kind", "content", "cut", "got"),
    [
        (".zip", official(TAMPERED), None, "65 data members with sha256"),
        (".zip", official(SHORTER), None, "64 data members with sha256"),
        (".zip", official(PHOTOS | AGAIN), None, "llama/image_0003.jpg twice"),
        (".zip", official(PHOTOS | CLIMBS), None, "a path that leads outside"),
        (".zip", official(), -3000, "no whole archive"),
        (".tar.gz", PHOTOS, -3000, "got a broken gzip stream"),
        (".zip", b"<html>Please log in</html>", None, "no whole archive"),
    ],
    ids=["tampered", "missing", "twice", "climbing", "zip cut", "tar cut", "web page"],
)
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, kind, content, cut, got):
    path = put("caltech-101.zip", content, kind=kind, cut=cut)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is damaged: expected .* bytes in Faces/") as caught:
        load_images("caltech101", offline="sketches")
    assert got in str(caught.value)
    assert _files.state(images.DATASETS["caltech101"]) == "damaged"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_without_a_network_the_error_names_the_stand_in_which_has_the_same_classes():
    with pytest.raises(FileNotFoundError, match='load with offline="sketches"'):
        load_images("caltech101")
    with pytest.warns(UserWarning, match="sketches stands in for caltech101"):
        data = load_images("caltech101", offline="sketches")
    assert data.name == "sketches"
    assert data.class_names == images.DATASETS["caltech101"].class_names


# ---- sketches ------------------------------------------------------------------------------------


def test_sketches_are_colour_images_in_the_order_of_classes_the_same_each_time():
    data = load_images("sketches")
    assert (data.x_train.shape, data.x_test.shape) == ((208, 64, 64, 3), (52, 64, 64, 3))
    assert data.x_train.dtype == data.y_train.dtype == np.uint8
    assert data.y_train.tolist() == np.repeat(np.arange(13), 16).tolist()
    assert data.y_test.tolist() == np.repeat(np.arange(13), 4).tolist()
    np.testing.assert_array_equal(data.x_train, load_images("sketches").x_train)
    different = {image.tobytes() for image in np.concatenate([data.x_train, data.x_test])}
    assert len(different) == 260


def test_the_form_of_a_sketch_tells_its_group_better_than_chance():
    data = load_images("sketches")
    groups = np.array([name.split("/")[0] for name in data.class_names])

    def centred(images):
        return images[:, 12:56:4, 8:56:4].reshape(len(images), -1)

    forest = RandomForestClassifier(100, random_state=0)
    forest.fit(centred(data.x_train), groups[data.y_train])
    assert forest.score(centred(data.x_test), groups[data.y_test]) > 0.6  # 0.46 are animals
