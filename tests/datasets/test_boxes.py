"""Images with boxes: the blood cells from whatever archive they come, and the smears in place."""

import io

import numpy as np
import pytest
from PIL import Image

from nnlab.datasets import _files, boxes, load_boxes

pytestmark = pytest.mark.usefixtures("cache_folder")


def jpeg(color):
    """Return a JPEG photo of the published size, half of which has this colour, half is black."""
    photo = Image.new("RGB", (640, 480), color)
    photo.paste((0, 0, 0), (320, 0, 640, 480))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def annotation(*cells):
    """Return the XML of an image's cells, (name, xmin, ymin, xmax, ymax) each."""
    objects = []
    for name, *sides in cells:
        tags = zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True)
        box = "".join(f"<{tag}>{side}</{tag}>" for tag, side in tags)
        objects.append(f"<object><name>{name}</name><bndbox>{box}</bndbox></object>")
    size = "<size><width>640</width><height>480</height></size>"
    return f"<annotation>{size}{''.join(objects)}</annotation>".encode()


MEMBERS = {
    "Annotations/BloodImage_00000.xml": annotation(
        ("WBC", 260, 177, 491, 376), ("RBC", 78, 336, 184, 435)
    ),
    "Annotations/BloodImage_00001.xml": annotation(("Platelets", 1, 2, 40, 41)),
    "Annotations/BloodImage_00007.xml": annotation(("RBC", 504, 337, 504, 337)),
    "Annotations/BloodImage_00009.xml": annotation(),
    "ImageSets/Main/test.txt": b"BloodImage_00007\n",
    "ImageSets/Main/train.txt": b"BloodImage_00001\nBloodImage_00009\n",
    "ImageSets/Main/val.txt": b"BloodImage_00000\n",
    "JPEGImages/BloodImage_00000.jpg": jpeg((200, 150, 100)),
    "JPEGImages/BloodImage_00001.jpg": jpeg((40, 80, 120)),
    "JPEGImages/BloodImage_00007.jpg": jpeg((7, 7, 7)),
    "JPEGImages/BloodImage_00009.jpg": jpeg((90, 9, 90)),
}
OTHERS = {  # what else the published repository holds
    "LICENSE": b"MIT",
    "README.md": b"# BCCD Dataset",
    "example.jpg": jpeg((1, 2, 3)),
    "test.csv": b"filename,cell_type",
    "scripts/visualize.py": b"import cv2",
    "dataset/mxnet/train.lst": b"0 1",
}
LIST = {"ImageSets/Main/trainval.txt": b"BloodImage_00000\nBloodImage_00001\n"}


def official(members=MEMBERS):
    """Return what the published zip holds."""
    top = "BCCD_Dataset-master"
    data = {f"{top}/BCCD/{name}": content for name, content in (members | LIST).items()}
    return {f"{top}/{name}": content for name, content in OTHERS.items()} | data


SUBSET = {f"BCCD_Dataset/BCCD/{name}": content for name, content in (MEMBERS | LIST).items()}


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; bccd is tiny here."""
    return shrunk(boxes.DATASETS, "bccd", MEMBERS)


# ---- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("BCCD_Dataset.zip", official()),
        ("bccd.tar.gz", SUBSET),
        ("unpacked.tar", SUBSET),
        ("data only.zip", MEMBERS),
    ],
    ids=["official", "subset", "tar", "data only"],
)
def test_blood_cells_are_read_from_the_official_archive_and_from_any_that_holds_them(
    put, name, members
):
    path = put(name, members)
    data = load_boxes("bccd")
    assert (data.images.shape, data.images.dtype) == ((4, 240, 320, 3), np.uint8)
    assert data.parts == ("val", "train", "test", "train")
    assert data.image_names[0] == "BloodImage_00000"
    assert data.class_names == ("red cell", "white cell", "platelet")
    assert (data.name, data.license, data.num_classes) == ("bccd", "MIT", 3)
    assert data.image_shape == (240, 320, 3)
    assert "Shenggan" in data.source
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


def test_boxes_are_left_top_right_bottom_in_the_pixels_of_the_halved_photo(put):
    put("a.zip", official(dict(reversed(MEMBERS.items()))))
    data = load_boxes("bccd")
    assert data.boxes[0].tolist() == [[130, 88.5, 245.5, 188], [39, 168, 92, 217.5]]
    assert data.labels[0].tolist() == [1, 0]
    assert data.labels[1].tolist() == [2]
    assert {box.dtype for box in data.boxes} == {np.dtype("float32")}
    assert {label.dtype for label in data.labels} == {np.dtype("uint8")}
    np.testing.assert_allclose(data.images[0][:, :158].mean(axis=(0, 1)), [200, 150, 100], atol=2)
    assert data.images[0][:, 162:].max() < 9


def test_a_box_of_no_size_is_kept_as_annotated_and_a_photo_may_have_none(put):
    put("a.zip", official())
    data = load_boxes("bccd")
    assert data.boxes[2].tolist() == [[252, 168.5, 252, 168.5]]
    assert (data.boxes[3].shape, data.labels[3].shape) == ((0, 4), (0,))


# ---- what is refused -----------------------------------------------------------------------------


XML = "Annotations/BloodImage_00001.xml"
MOVED = MEMBERS | {XML: MEMBERS[XML].replace(b"40", b"44")}
SHORTER = dict(list(MEMBERS.items())[:-1])
CLIMBS = {"../../../JPEGImages/e.jpg": b"x"}
LONGER = MEMBERS | {"JPEGImages/BloodImage_00011.jpg": b"x" * 2**16}


@pytest.mark.parametrize(
    ("kind", "content", "cut", "got"),
    [
        (".zip", official(MOVED), None, "11 data members with sha256"),
        (".zip", official(SHORTER), None, "10 data members with sha256"),
        (".zip", official(LONGER), None, "got more than"),
        (".zip", official(MEMBERS | {f"again/{XML}": b""}), None, f"{XML} twice"),
        (".zip", official(MEMBERS | CLIMBS), None, "a path that leads outside"),
        (".zip", official(), -100, "no whole archive"),
        (".tar.gz", SUBSET, -100, "no whole archive"),
        (".zip", b"<html>Please log in</html>", None, "no whole archive"),
    ],
    ids=["tampered", "missing", "too much", "twice", "climbing", "zip cut", "tar cut", "web page"],
)
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, kind, content, cut, got):
    path = put("BCCD_Dataset.zip", content, kind=kind, cut=cut)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is damaged: expected .* bytes in Annotations/") as error:
        load_boxes("bccd", offline="smears")
    assert got in str(error.value)
    assert _files.state(boxes.DATASETS["bccd"]) == "damaged"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no box data set .* known are bccd, smears\."):
        load_boxes("cells")
    with pytest.raises(ValueError, match="cannot stand in for bccd"):
        load_boxes("bccd", offline="digits")


def test_without_a_network_the_error_names_the_stand_in_which_has_the_same_classes():
    with pytest.raises(FileNotFoundError, match='load with offline="smears"'):
        load_boxes("bccd")
    with pytest.warns(UserWarning, match="smears stands in for bccd"):
        data = load_boxes("bccd", offline="smears")
    assert data.name == "smears"
    assert data.class_names == boxes.DATASETS["bccd"].class_names


# ---- smears --------------------------------------------------------------------------------------


def test_smears_are_drawings_with_boxes_the_same_each_time():
    data = load_boxes("smears")
    assert (data.images.shape, data.images.dtype) == ((60, 120, 160, 3), np.uint8)
    assert [data.parts.count(part) for part in ("train", "val", "test")] == [36, 12, 12]
    assert len(set(data.image_names)) == len({image.tobytes() for image in data.images}) == 60
    for box, label in zip(data.boxes, data.labels, strict=True):
        assert (box.dtype, label.dtype) == (np.float32, np.uint8)
        assert box.shape == (len(label), 4)
        assert (box[:, :2] >= 0).all()
        assert (box[:, :2] < box[:, 2:]).all()
        assert (box[:, 2:] <= [160, 120]).all()
    for part in ("train", "val", "test"):
        labels = [y for y, p in zip(data.labels, data.parts, strict=True) if p == part]
        assert np.bincount(np.concatenate(labels)).min() >= 10
    again = load_boxes("smears")
    np.testing.assert_array_equal(data.images, again.images)
    np.testing.assert_array_equal(np.concatenate(data.boxes), np.concatenate(again.boxes))


def test_the_colours_in_the_middle_of_a_box_are_those_of_its_class():
    data = load_boxes("smears")
    bluer = {0: [], 1: [], 2: []}
    for image, box, label in zip(data.images, data.boxes, data.labels, strict=True):
        for (left, top, right, bottom), kind in zip(box, label, strict=True):
            middle = image[int((top + bottom) / 2), int((left + right) / 2)].astype(int)
            bluer[kind].append(middle[2] - middle[0])
    assert np.mean(np.array(bluer[0]) < 0) > 0.9
    assert np.mean(np.array(bluer[1]) > 30) > 0.9
    assert np.mean(np.array(bluer[2]) > 30) > 0.9
