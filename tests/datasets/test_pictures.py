"""Picture files read while training: kinds and sizes, what is damaged, cut off or no picture at all."""
# ruff: noqa: F811 (a fixture is imported, and then the name of an argument)

import contextlib
import resource
import struct
import sys
import zlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_datasets_streaming import SHAPE, arrays, epoch, pictures  # noqa: F401

from nnlab.datasets import stream_image_folder


def test_jpeg_and_png_of_any_mode_become_what_pillow_makes_of_them(tmp_path):
    x, y = np.meshgrid(np.arange(24), np.arange(16))
    smooth = np.stack([8 * x, 12 * y, 4 * (x + y)], -1).astype(np.uint8)
    inner = tmp_path / "all" / "smooth"
    inner.mkdir(parents=True)
    for mode in ("RGB", "L", "P", "RGBA"):
        Image.fromarray(smooth).convert(mode).save(inner / f"{mode}.png")
    Image.fromarray(smooth).save(inner / "photo.JPG", "JPEG", quality=95)
    images, _ = epoch(stream_image_folder(tmp_path / "all", (16, 24, 3), 2, seed=0))
    expected = np.stack(
        [np.asarray(Image.open(path).convert("RGB")) for path in sorted(inner.iterdir())]
    )
    distances = np.abs(images[:, None].astype(int) - expected[None]).max(axis=(2, 3, 4))  # (5, 5)
    assert distances.min(axis=1).max() <= 6  # decoders of JPEG round differently
    assert sorted(distances.argmin(axis=1)) == [
        0,
        1,
        2,
        2,
        4,
    ]  # RGBA, the fourth, is RGB with an empty alpha


def test_resize_fills_the_shape_and_keeps_the_middle(tmp_path):
    (tmp_path / "all" / "wide").mkdir(parents=True)
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = (250, 100, 50)  # the middle third
    Image.fromarray(wide).save(tmp_path / "all" / "wide" / "1.png")
    [image], _ = epoch(stream_image_folder(tmp_path / "all", (10, 10, 3), 1, resize=True))
    assert (image[:, 1:-1] == (250, 100, 50)).all()


def test_a_picture_of_another_size_is_refused_by_name(pictures):
    Image.new("RGB", (7, 6)).save(pictures / "dog" / "big.png")
    with pytest.raises(
        ValueError, match=r"dog/big\.png: expected 5 × 6 pixels .* got 7 × 6\..*resize=True"
    ):
        stream_image_folder(pictures, SHAPE, 16)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[6,7,3\]"):
        epoch(stream_image_folder(pictures, SHAPE, 16, verify=False))


@pytest.mark.parametrize("content", ["no image", "truncated", "one byte changed"])
def test_a_damaged_picture_is_refused_by_name(pictures, content):
    path = next((pictures / "eel").iterdir())
    raw = path.read_bytes()
    changed = raw[:60] + bytes([raw[60] ^ 1]) + raw[61:]
    path.write_bytes(
        {"no image": b"no image", "truncated": raw[:60], "one byte changed": changed}[content]
    )
    with pytest.raises(
        ValueError, match=rf"{path.name}: expected a whole PNG or JPEG image, got: .*Replace"
    ):
        stream_image_folder(pictures, SHAPE, 16)


@pytest.fixture
def jpeg(tmp_path):
    """A photo of 120 × 100 pixels in the only class of a folder."""
    path = tmp_path / "all" / "photo" / "1.jpg"
    path.parent.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 120, 3), np.uint8)).save(path)
    return path


def test_a_jpeg_that_lacks_its_end_is_refused_by_name_or_stops_the_epoch(jpeg):
    jpeg.write_bytes(jpeg.read_bytes()[:-500])
    with pytest.raises(
        ValueError, match=r"1\.jpg: expected a whole PNG or JPEG image, got: .*truncated"
    ):
        stream_image_folder(jpeg.parents[1], (100, 120, 3), 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="JPEG"):
        epoch(stream_image_folder(jpeg.parents[1], (100, 120, 3), 1, verify=False))


def test_a_jpeg_with_something_behind_its_end_is_read(jpeg):
    [before], _ = epoch(stream_image_folder(jpeg.parents[1], (100, 120, 3), 1))
    jpeg.write_bytes(jpeg.read_bytes() + b"what some cameras add")
    [after], _ = epoch(stream_image_folder(jpeg.parents[1], (100, 120, 3), 1))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 4), ("CMYK", 1)])
def test_a_jpeg_that_cannot_be_read_in_so_many_channels_is_refused_by_name(jpeg, mode, channels):
    Image.open(jpeg).convert(mode).save(jpeg, "JPEG")
    with pytest.raises(
        ValueError,
        match=rf"1\.jpg: .* a JPEG \({mode}\), which cannot be read as {channels} channels",
    ):
        stream_image_folder(jpeg.parents[1], (100, 120, channels), 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in another unit")
def test_a_long_thin_picture_is_cut_before_it_is_enlarged(tmp_path):
    path = tmp_path / "all" / "thin" / "1.png"
    path.parent.mkdir(parents=True)
    Image.fromarray((np.arange(4001) % 256).astype(np.uint8)[None]).save(
        path
    )  # enlarged as a whole it would have 2 GB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    [image], _ = epoch(stream_image_folder(tmp_path / "all", (400, 400, 1), 1, resize=True))
    assert (image == 2000 % 256).all()  # the middle
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KB


def test_a_picture_that_claims_to_be_enormous_is_refused_by_name(pictures):
    path = next((pictures / "eel").iterdir())
    raw = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + raw[24:29]
    path.write_bytes(raw[:12] + header + struct.pack(">I", zlib.crc32(header)) + raw[33:])
    with pytest.raises(
        ValueError,
        match=rf"{path.name}: expected a whole PNG or JPEG image, got: .*decompression bomb",
    ):
        stream_image_folder(pictures, SHAPE, 16, resize=True)


WRITTEN = {}  # each picture, as it was


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["PNG", "JPEG"]), st.binary(max_size=40), st.integers(0, 10**6), st.booleans()
)
@pytest.mark.filterwarnings(
    "ignore:Corrupt EXIF data", "ignore:Tag data larger"
)  # Pillow's, on its way
def test_bytes_of_any_kind_in_a_picture_are_refused_by_name_or_read_as_one(
    tmp_path, kind, content, place, whole
):
    path = tmp_path / "all" / "class" / "1.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind not in WRITTEN:
        Image.fromarray(np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)).save(path, kind)
        WRITTEN[kind] = path.read_bytes()
    raw = WRITTEN[kind]
    place %= len(raw)
    path.write_bytes(raw[:place] + content + (raw[place + len(content) :] if whole else b""))
    try:
        dataset = stream_image_folder(tmp_path / "all", SHAPE, 1)
    except ValueError as error:
        assert "1.png: expected " in str(error)
        return
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        images, labels = epoch(dataset)
        assert images.shape == (1, *SHAPE)
        assert labels == [0]


def test_a_folder_without_classes_or_a_class_without_pictures_is_refused(pictures, tmp_path):
    with pytest.raises(
        FileNotFoundError, match="nowhere is no folder: name one that holds a sub-folder"
    ):
        stream_image_folder(tmp_path / "nowhere", SHAPE, 16)
    with pytest.raises(ValueError, match=r"dog has no sub-folders: expected one for each class"):
        stream_image_folder(pictures / "dog", SHAPE, 16)
    (pictures / "fox").mkdir()
    with pytest.raises(ValueError, match=r"fox has no PNG or JPEG images"):
        stream_image_folder(pictures, SHAPE, 16)
    (pictures / "fox" / "1.GIF").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"1\.GIF: expected only PNG and JPEG images: convert"):
        stream_image_folder(pictures, SHAPE, 16)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 2), (0, 5, 3)])
def test_a_shape_that_is_none_is_refused(pictures, shape):
    with pytest.raises(
        ValueError, match=r"image_shape must be \(height, width, channels\).*for example"
    ):
        stream_image_folder(pictures, shape, 16)
