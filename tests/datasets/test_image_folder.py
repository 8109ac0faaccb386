"""A folder of images is checked before training: what is wrong is named, the rest Keras loads."""

import contextlib
import io
import shutil
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras.utils import image_dataset_from_directory
from PIL import Image

from nnlab.datasets import check_image_folder
from nnlab.datasets.image_folder import READ_BY_KERAS

SIZE = (6, 5)  # height, width


def picture(seed=0, mode="RGB"):
    pixels = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.fixture
def folder(tmp_path):
    """A folder with two PNG files for each of three classes."""
    for number, name in enumerate(("cat", "dog", "eel")):
        (tmp_path / "train" / name).mkdir(parents=True)
        for image in range(2):
            picture(2 * number + image).save(tmp_path / "train" / name / f"{image}.png")
    return tmp_path / "train"


@pytest.fixture
def load():
    """Return a function that returns (path, label) of all files that Keras would load."""

    def read(folder, **options):
        options = {"image_size": SIZE, "shuffle": False, "verbose": False} | options
        dataset = image_dataset_from_directory(folder, **options)
        labels = np.concatenate([labels for _, labels in dataset])
        return list(zip(dataset.file_paths, labels.tolist(), strict=True))

    return read


def problems(folder, *args):
    """Return the lines of the error, without the first."""
    with pytest.raises(ValueError, match=r" has \d+ problems?:") as caught:
        check_image_folder(folder, *args)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


# ---- what is right -------------------------------------------------------------------------------


def test_a_good_folder_gives_the_class_names_in_the_order_of_keras_labels(folder, load):
    names = check_image_folder(folder)
    assert names == ("cat", "dog", "eel")
    assert check_image_folder(str(folder), ["eel", "cat", "dog"]) == ("eel", "cat", "dog")
    for path, label in load(folder, class_names=names):
        assert names[label] in path


def test_all_kinds_of_files_that_keras_reads_are_right_and_read_as_pillow_reads_them(folder):
    smooth = np.add.outer(np.arange(16) * 4, np.arange(24) * 5)
    smooth = Image.fromarray(np.stack([smooth, smooth // 2, 255 - smooth], -1).astype(np.uint8))
    inner = folder / "cat" / "more"
    inner.mkdir()
    for mode in ("RGB", "L", "P", "1", "LA", "RGBA"):
        smooth.convert(mode).save(inner / f"{mode}.png")
    for mode in ("RGB", "L", "CMYK"):
        smooth.convert(mode).save(inner / f"{mode}.JPG", "JPEG", quality=95)
    smooth.save(inner / "progressive.jpeg", progressive=True)
    smooth.save(inner / "several.jpg", "MPO", save_all=True, append_images=[smooth])
    smooth.convert("P").save(inner / "few.gif")
    smooth.save(inner / "plain.bmp")
    smooth.save(inner / "in truth a png.jpg", "PNG")
    assert check_image_folder(folder) == ("cat", "dog", "eel")
    for path in inner.iterdir():
        read = tf.io.decode_image(tf.io.read_file(str(path)), 3, expand_animations=False).numpy()
        with Image.open(path) as image:
            expected = np.asarray(image.convert("RGB"))
        assert np.abs(read.astype(int) - expected).max() <= 6, (
            path
        )  # decoders of JPEG round differently


def test_the_endings_that_keras_reads_are_those_of_the_check():
    from keras.src.utils.image_dataset_utils import ALLOWLIST_FORMATS

    assert set(ALLOWLIST_FORMATS) == set(READ_BY_KERAS)


def test_what_systems_leave_in_folders_does_not_matter(folder, load):
    for name in (".DS_Store", "cat/.DS_Store", "cat/Thumbs.db", "dog/desktop.ini", "README.md"):
        (folder / name).write_bytes(b"\0")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    assert check_image_folder(folder) == ("cat", "dog", "eel")
    assert len(load(folder)) == 6


def test_a_class_that_is_a_link_to_a_folder_is_read_as_keras_does(folder, load, tmp_path):
    (folder / "cat").rename(tmp_path / "elsewhere")
    (folder / "cat").symlink_to(tmp_path / "elsewhere")
    assert check_image_folder(folder) == ("cat", "dog", "eel")
    assert len(load(folder)) == 6


# ---- classes -------------------------------------------------------------------------------------


def test_a_class_that_is_missing_in_validation_shifts_labels_which_the_check_prevents(
    folder, load, tmp_path
):
    val = tmp_path / "val"
    shutil.copytree(folder, val)
    shutil.rmtree(val / "dog")
    names = check_image_folder(folder)
    shifted = load(val)
    perfect = [names.index(path.split("/")[-2]) for path, _ in shifted]
    assert np.mean([label for _, label in shifted] == np.array(perfect)) == 0.5
    assert problems(val, names) == [
        "dog: this class is missing: expected a sub-folder of that name"
    ]


def test_a_class_that_keras_would_leave_out_is_named(folder, load):
    assert len(load(folder, class_names=["cat", "eel"])) == 4
    [problem] = problems(folder, ["cat", "eel"])
    assert problem == "dog: not in class_names, so Keras leaves it out: add or remove it"


def test_a_class_without_images_is_named(folder, load):
    (folder / "fox").mkdir()
    (folder / "fox" / "1.webp").write_bytes(b"")
    assert {label for _, label in load(folder)} == {0, 1, 2}
    assert problems(folder)[0] == "fox: this class has no images: fill the sub-folder or remove it"


def test_names_that_are_there_twice_are_refused(folder):
    assert problems(folder, ["cat", "dog", "eel", "cat"]) == ["cat: twice in class_names"]


def test_a_folder_that_is_not_there_or_has_no_classes_is_refused(folder, tmp_path):
    with pytest.raises(
        FileNotFoundError, match="nowhere is no folder: name one that holds a sub-folder"
    ):
        check_image_folder(tmp_path / "nowhere")
    assert (
        problems(folder / "cat")[0] == "no sub-folder: expected one for each class, with its images"
    )


# ---- files that are left out without a word ------------------------------------------------------


@pytest.mark.parametrize(
    "ending", [".jfif", ".jpe", ".heic", ".avif", ".webp", ".tif", ".TIFF", "", ".bak"]
)
def test_a_picture_that_keras_leaves_out_is_named(folder, load, ending):
    path = folder / "dog" / f"photo{ending}"
    picture().save(path, "PNG")
    assert len(load(folder)) == 6
    [problem] = problems(folder)
    assert problem.startswith(f"dog/photo{ending}: left out by Keras, which reads .bmp .gif .jpeg")


def test_a_picture_outside_of_a_class_is_named(folder, load):
    picture().save(folder / "photo.png")
    assert len(load(folder)) == 6
    assert problems(folder) == ["photo.png: in no class's sub-folder"]


@pytest.mark.parametrize(("name", "loaded"), [(".hidden", 6), ("cat/.ipynb_checkpoints", 7)])
def test_a_picture_in_a_hidden_folder_is_named_whether_keras_reads_it_or_not(
    folder, load, name, loaded
):
    (folder / name).mkdir()
    picture().save(folder / name / "photo.png")
    assert len(load(folder)) == loaded
    assert problems(folder) == [f"{name}/photo.png: in a hidden folder: move or remove it"]


def test_a_link_to_a_folder_that_keras_does_not_follow_is_named(folder, load, tmp_path):
    (tmp_path / "more").mkdir()
    picture().save(tmp_path / "more" / "photo.png")
    (folder / "cat" / "more").symlink_to(tmp_path / "more")
    assert len(load(folder)) == 6
    [problem] = problems(folder)
    assert problem.startswith("cat/more: a link to a folder, which Keras does not follow")


@pytest.mark.parametrize("name", ["labels.csv", "LICENSE", "video.mp4"])
def test_a_file_that_is_no_picture_is_named(folder, name):
    (folder / "eel" / name).write_text("no picture")
    assert problems(folder) == [f"eel/{name}: no picture: remove it"]


# ---- files that are misread ----------------------------------------------------------------------


def png_of_16_bits(values):
    """Return a PNG of a colour image with 16 bits a channel, which Pillow cannot write."""
    height, width, _ = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_an_image_of_16_bits_is_named_for_keras_would_keep_a_sixteenth_of_its_values(folder):
    values = np.arange(90).reshape(*SIZE, 3) * 45  # 0 to 4005, as an X-ray has
    path = folder / "cat" / "x-ray.png"
    Image.fromarray(values[..., 0].astype(np.uint16)).save(path)
    assert tf.io.decode_image(path.read_bytes()).numpy().max() == 15
    (folder / "dog" / "colour.png").write_bytes(png_of_16_bits(values))
    words = "16 bits a channel, of which Keras keeps the upper 8: scale to 0..255 and save again"
    assert problems(folder) == [f"cat/x-ray.png: {words}", f"dog/colour.png: {words}"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_that_is_turned_by_exif_is_named(folder, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture().save(folder / "cat" / "photo.png", kind, exif=exif)
    if orientation == 1:
        assert check_image_folder(folder) == ("cat", "dog", "eel")
        return
    assert tf.io.decode_image((folder / "cat" / "photo.png").read_bytes()).shape == (*SIZE, 3)
    [problem] = problems(folder)
    assert problem.startswith("cat/photo.png: turned by EXIF, which Keras ignores: save what PIL")


@pytest.mark.parametrize("mode", ["1", "P"])
def test_a_bmp_that_tensorflow_misreads_or_refuses_is_named(folder, mode):
    path = folder / "cat" / "photo.bmp"
    picture().convert(mode).save(path)
    content = path.read_bytes()
    if mode == "P":
        read = tf.io.decode_image(content, channels=3).numpy()
        assert not np.array_equal(read, Image.open(path).convert("RGB"))
    else:
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.decode_image(content, channels=3)
    assert problems(folder) == [
        "cat/photo.bmp: a BMP with a palette, which TensorFlow misreads or refuses: save it as PNG"
    ]


def bmp(bits, *, surplus=b"", upwards=1):
    """Return a BMP file of 3 × 2 pixels, as other programs than Pillow write them."""
    rows = np.random.default_rng(0).bytes(2 * -(-3 * bits // 32) * 4)
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256)) if bits == 8 else b""
    begin = 54 + len(palette)
    head = b"BM" + struct.pack("<IHHI", begin + len(rows), 0, 0, begin)
    head += struct.pack("<IiiHHIIiiII", 40, 3, 2 * upwards, 1, bits, 0, len(rows), 0, 0, 0, 0)
    return head + palette + rows + surplus


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (bmp(8), None),
        (bmp(24), None),
        (bmp(32), None),
        (bmp(24, upwards=-1), None),
        (bmp(16), "with 16 bits a pixel"),
        (bmp(24, surplus=b"\0\0"), "with more than a header and pixels in it"),
    ],
    ids=["8", "24", "32", "downwards", "16", "surplus"],
)
def test_a_bmp_is_named_where_tensorflow_does_not_read_it(folder, content, problem):
    (folder / "cat" / "photo.bmp").write_bytes(content)
    if problem is None:
        assert tf.io.decode_image(content, channels=3).shape == (2, 3, 3)
        assert check_image_folder(folder) == ("cat", "dog", "eel")
        return
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.decode_image(content, channels=3)
    assert problems(folder) == [
        f"cat/photo.bmp: a BMP {problem}, which TensorFlow does not read: save it as PNG"
    ]


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_a_picture_of_another_kind_than_its_ending_says_is_named(folder, kind):
    picture().save(folder / "cat" / "photo.jpg", kind)
    [problem] = problems(folder)
    assert problem.startswith(
        f"cat/photo.jpg: inside it is {kind}, not BMP, GIF, JPEG or PNG: convert"
    )


def test_a_file_that_is_no_picture_whatever_its_ending_says_is_named(folder):
    (folder / "cat" / "._0.png").write_bytes(b"\0\5\x16\7 what macOS leaves on other disks")
    (folder / "cat" / "empty.jpg").write_bytes(b"")
    (folder / "cat" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    found = problems(folder)
    assert found[0].startswith("cat/._0.png: inside it is no picture, not BMP")
    assert found[1].startswith("cat/empty.jpg: inside it is no picture, not BMP")
    assert found[2].startswith("cat/gone.jpg: broken ([Errno 2] No such file")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_picture_that_lacks_its_end_is_named(folder, kind, share):
    buffer = io.BytesIO()
    picture().resize((50, 60)).save(buffer, kind)
    raw = buffer.getvalue()
    (folder / "cat" / "photo.png").write_bytes(raw[: int(share * len(raw))])
    [problem] = problems(folder)
    assert problem.startswith(("cat/photo.png: broken (", "cat/photo.png: inside it is no picture"))


def test_a_changed_byte_in_a_png_is_noticed(folder):
    path = folder / "cat" / "0.png"
    raw = bytearray(path.read_bytes())
    raw[60] ^= 1
    path.write_bytes(raw)
    [problem] = problems(folder)
    assert problem.startswith("cat/0.png: broken (")


def test_a_jpeg_with_something_behind_its_end_is_right(folder):
    path = folder / "cat" / "photo.jpg"
    picture().save(path)
    path.write_bytes(path.read_bytes() + b"what some cameras add")
    assert check_image_folder(folder) == ("cat", "dog", "eel")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_picture_that_claims_to_be_enormous_is_named_and_not_decoded(folder, side):
    path = folder / "cat" / "0.png"
    raw = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", side, side) + raw[24:29]
    path.write_bytes(raw[:12] + header + struct.pack(">I", zlib.crc32(header)) + raw[33:])
    [problem] = problems(folder)
    assert problem.startswith("cat/0.png: broken (Image size")
    assert "decompression bomb" in problem


def test_all_problems_are_counted_and_ten_are_named(folder):
    for number in range(2_345):
        (folder / "cat" / f"{number:04}.txt").touch()
    with pytest.raises(
        ValueError, match=r"train has 2,345 problems:\n  cat/0000\.txt: no picture"
    ) as caught:
        check_image_folder(folder)
    lines = str(caught.value).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "  and 2,335 more"


RAW = {}


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["PNG", "JPEG", "GIF", "BMP"]),
    content=st.binary(max_size=40),
    place=st.integers(0, 10**6),
    whole=st.booleans(),
)
def test_whatever_bytes_are_in_a_picture_it_is_named_or_right(folder, kind, content, place, whole):
    if kind not in RAW:
        buffer = io.BytesIO()
        picture().save(buffer, kind)
        RAW[kind] = buffer.getvalue()
    raw = RAW[kind]
    place %= len(raw)
    rest = raw[place + len(content) :] if whole else b""
    (folder / "cat" / "0.png").write_bytes(raw[:place] + content + rest)
    with contextlib.suppress(ValueError):
        assert check_image_folder(folder) == ("cat", "dog", "eel")
