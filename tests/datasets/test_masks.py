"""Images with masks: the nuclei from whatever archive they come, and the blobs in their place."""

import gzip
import io
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from nnlab.datasets import _files, _formats, load_masks, masks

pytestmark = pytest.mark.usefixtures("cache_folder")


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def mask(rows, columns, shape):
    pixels = np.zeros(shape, np.uint8)
    pixels[rows, columns] = 255
    return png(pixels)


def tar_of(members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FIRST = np.full((8, 6, 4), 255, np.uint8)
FIRST[:, :, :3] = np.arange(48, dtype=np.uint8).reshape(8, 6, 1)  # red = green = blue
SECOND = np.full((4, 12, 4), 255, np.uint8)
SECOND[:, :, :3] = 7
MEMBERS = {
    "11111111aa/images/11111111aa.png": png(FIRST),
    "11111111aa/masks/0b.png": mask(slice(2, 4), slice(1, 3), (8, 6)),
    "11111111aa/masks/0a.png": mask(slice(4, 8), slice(1, 6), (8, 6)),
    "22222222bb/images/22222222bb.png": png(SECOND),
    "22222222bb/masks/9c.png": mask(slice(0, 1), slice(11, 12), (4, 12)),
}
OTHERS = {  # images of stained tissue, which are not used
    "33333333cc/images/33333333cc.png": b"pink",
    "33333333cc/masks/1d.png": b"outline",
    "__MACOSX/._33333333cc": b"\0\5",
}


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Return a function that puts an archive into a provided folder; nuclei is tiny here."""
    published = masks.DATASETS["nuclei"]
    [file] = published.files
    tiny = replace(
        file,
        content_bytes=sum(map(len, MEMBERS.values())),
        content_sha256=_formats.listing_sha256(MEMBERS),
        beginnings=("11111111", "22222222"),
    )
    monkeypatch.setitem(masks.DATASETS, "nuclei", replace(published, files=(tiny,)))
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "provided"))

    def write(content, name="stage1_train.zip"):
        path = tmp_path / "provided" / "nuclei" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


# ---- what is accepted ----------------------------------------------------------------------------


def within(folder, members):
    return {f"{folder}/{name}": content for name, content in members.items()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("stage1_train.zip", zip_of(OTHERS | MEMBERS)),
        ("subset.tar.gz", tar_of(within("stage1_train", MEMBERS))),
        ("unpacked.tar", gzip.decompress(tar_of(MEMBERS | OTHERS))),
        ("repository.zip", zip_of(within("copy/inputs/stage1_train", MEMBERS | OTHERS))),
    ],
    ids=["official", "subset", "tar", "inside a repository"],
)
def test_nuclei_are_read_from_the_official_archive_and_from_any_that_holds_them(put, name, content):
    path = put(content, name)
    data = load_masks("nuclei")
    assert [image.shape for image in data.images] == [(8, 6, 1), (4, 12, 1)]
    assert [labels.shape for labels in data.labels] == [(8, 6), (4, 12)]
    assert {image.dtype for image in data.images} == {np.dtype("uint8")}
    assert {labels.dtype for labels in data.labels} == {np.dtype("uint16")}
    assert (data.name, data.license, data.num_objects) == ("nuclei", "CC0-1.0", 3)
    assert "Caicedo" in data.source
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


def test_pixels_are_the_grey_values_and_each_mask_has_a_number_by_the_order_of_its_name(put):
    put(zip_of(dict(reversed(MEMBERS.items()))))
    data = load_masks("nuclei")
    np.testing.assert_array_equal(data.images[0][:, :, 0], np.arange(48).reshape(8, 6))
    expected = np.zeros((8, 6), int)
    expected[4:8, 1:6] = 1
    expected[2:4, 1:3] = 2
    np.testing.assert_array_equal(data.labels[0], expected)
    assert np.argwhere(data.labels[1]).tolist() == [[0, 11]]


# ---- what is refused -----------------------------------------------------------------------------


MASK = "22222222bb/masks/9c.png"
TAMPERED = MEMBERS | {MASK: MEMBERS[MASK][:-1] + b"\0"}
SHORTER = dict(list(MEMBERS.items())[:-1])
BIGGER = MEMBERS | {"22222222bb/masks/9d.png": b"x" * 5000}


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (zip_of(TAMPERED), "in 11111111aa/images/11111111aa.png, 11111111aa/masks/0b.png"),
        (zip_of(SHORTER), "22222222bb/images/22222222bb.png with sha256"),
        (zip_of(BIGGER), "got more than"),
        (zip_of(MEMBERS | {f"again/{MASK}": b""}), f"{MASK} twice"),
        (zip_of(MEMBERS | {"../../33333333/masks/e.png": b"x"}), "a path that leads outside"),
        (zip_of(MEMBERS)[:-100], "no whole archive"),
        (tar_of(MEMBERS)[:-100], "no whole archive"),
        (b"<html>Please log in</html>", "no whole archive"),
    ],
    ids=["tampered", "missing", "too much", "twice", "climbing", "zip cut", "tar cut", "web page"],
)
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, content, got):
    path = put(content)
    with pytest.raises(ValueError, match=r"is damaged: expected .* bytes in \*/images/") as caught:
        load_masks("nuclei", offline="blobs")
    assert got in str(caught.value)
    assert _files.state(masks.DATASETS["nuclei"]) == "damaged"
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"known are nuclei, blobs\."):
        load_masks("cells")
    with pytest.raises(ValueError, match="cannot stand in for nuclei"):
        load_masks("nuclei", offline="digits")


def test_without_a_network_the_error_names_the_stand_in():
    with pytest.raises(FileNotFoundError, match='load with offline="blobs"'):
        load_masks("nuclei")
    with pytest.warns(UserWarning, match="blobs stands in for nuclei"):
        data = load_masks("nuclei", offline="blobs")
    assert data.name == "blobs"


# ---- blobs ---------------------------------------------------------------------------------------


def test_blobs_are_grey_images_with_numbered_masks_the_same_each_time():
    data = load_masks("blobs")
    assert len(data.images) == len(data.labels) == 60
    assert {image.shape for image in data.images} == {(96, 96, 1)}
    assert {image.dtype for image in data.images} == {np.dtype("uint8")}
    for labels in data.labels:
        assert labels.shape == (96, 96)
        assert labels.dtype == np.uint16
        assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    again = load_masks("blobs")
    for one, other in zip(data.images + data.labels, again.images + again.labels, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({image.tobytes() for image in data.images}) == 60


def test_blobs_are_brighter_than_their_background_and_some_of_them_touch():
    data = load_masks("blobs")
    fewer = 0
    for image, labels in zip(data.images, data.labels, strict=True):
        assert image[labels > 0].mean() > image[labels == 0].mean() + 15
        fewer += labels.max() - ndimage.label(labels > 0)[1]
    assert 0.1 < fewer / data.num_objects < 0.5
