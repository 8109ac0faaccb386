"""Pictures and arrays, as they come and as a network takes them."""

import io
import json
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nnlab.serving import decode_image, read_array

GREY = (4, 5, 1)
COLOUR = (4, 5, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)


def png(image, **options):
    content = io.BytesIO()
    image.save(content, "PNG", **options)
    return content.getvalue()


def test_a_picture_of_the_right_size_is_what_it_was():
    images = decode_image(png(Image.fromarray(PIXELS)), COLOUR, 100)
    np.testing.assert_allclose(images, PIXELS[None] / 255, atol=1e-6)
    assert images.dtype == np.float32
    grey = decode_image(png(Image.fromarray(PIXELS[..., 0])), GREY, 100)
    np.testing.assert_allclose(grey[0, ..., 0], PIXELS[..., 0] / 255, atol=1e-6)


def test_another_size_is_scaled_and_keeps_its_proportions():
    white = Image.new("L", (100, 40), 255)  # wider than the network's 5 × 4
    image = decode_image(png(white), GREY, 10_000)[0, ..., 0]
    np.testing.assert_allclose(image, [[0] * 5, [1] * 5, [1] * 5, [0] * 5])


def test_a_picture_is_turned_as_its_camera_says_and_transparent_pixels_are_black():
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    content = io.BytesIO()
    half = np.zeros((40, 50), np.uint8)
    half[:20] = 255
    Image.fromarray(half).save(content, "JPEG", exif=exif, quality=95)
    image = decode_image(content.getvalue(), GREY, 10_000)[0, ..., 0]
    assert image[0].max() < 0.1 and image[3].min() > 0.9
    clear = Image.new("RGBA", (5, 4), (255, 255, 255, 0))
    assert decode_image(png(clear), GREY, 100).max() == 0


def chunk(name, content):
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def bomb(side):
    """Return a PNG of a few bytes that says it is large."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [20_000, 200_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(side):
    with pytest.raises(ValueError, match="pixels"):
        decode_image(bomb(side), GREY, 20_000_000)


def test_damaged_and_strange_pictures_get_a_sentence():
    whole = png(Image.fromarray(PIXELS))
    with pytest.raises(ValueError, match="neither a PNG nor a JPEG"):
        decode_image(b"GIF89a", GREY, 100)
    with pytest.raises(ValueError, match="cannot be decoded"):
        decode_image(whole[:-30], COLOUR, 100)
    deep = Image.fromarray(np.zeros((4, 5), np.uint16))
    with pytest.raises(ValueError, match="16 bits"):
        decode_image(png(deep), GREY, 100)


def test_arrays_go_through_as_they_are():
    images = np.random.default_rng(0).random((2, *GREY))
    body = json.dumps({"images": images.tolist()}).encode()
    np.testing.assert_allclose(read_array(body, GREY), images, rtol=1e-6)
    body = json.dumps({"images": images[0].tolist()}).encode()
    np.testing.assert_allclose(read_array(body, GREY), images[:1], rtol=1e-6)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"3",
        b'{"images": "seven"}',
        b'{"images": [[1, 2], [3]]}',
        b'{"images": []}',
        b'{"images": null}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_array_of_images_gets_a_sentence(body):
    with pytest.raises(ValueError, match="images"):
        read_array(body, GREY)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e300", "1" + 400 * "0"])
def test_numbers_must_be_finite(number):
    row = f"[[{number}]]"
    rows = ",".join(["[" + ",".join([row[1:-1]] * 5) + "]"] * 4)
    with pytest.raises(ValueError, match="finite numbers"):
        read_array(('{"images": [' + rows + "]}").encode(), GREY)


WHOLE = png(Image.fromarray(PIXELS))


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
def test_no_bytes_raise_anything_but_value_error(noise, cut):
    for content in (noise, WHOLE[:cut] + noise, WHOLE[:cut] + noise + WHOLE[cut:]):
        try:
            decode_image(content, GREY, 1_000_000)
        except ValueError as error:
            assert str(error)
        try:
            read_array(content, GREY)
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize("size", [(1, 100), (100, 1)])
def test_a_picture_of_which_nothing_would_be_left_is_refused(size):
    with pytest.raises(ValueError, match="nothing would be left"):
        decode_image(png(Image.new("L", size, 255)), GREY, 1000)


def test_what_a_camera_says_may_be_damaged():
    image = decode_image(png(Image.fromarray(PIXELS[..., 0]), exif=b"Exif no"), GREY, 100)
    np.testing.assert_allclose(image[0, ..., 0], PIXELS[..., 0] / 255, atol=1e-6)


@pytest.mark.parametrize("value", ["1", True, None])
def test_what_is_no_number_is_refused(value):
    pixels = np.full(GREY, value).tolist()
    with pytest.raises(ValueError, match="numbers alone"):
        read_array(json.dumps({"images": pixels}), GREY)


@pytest.mark.parametrize("value", ["1", "", True, None, {}])
@pytest.mark.parametrize("place", [(0, 0, 0), (3, 4, 0), (2, 2), (1,)])
def test_one_value_that_is_no_number_is_refused_wherever_it_stands(value, place):
    pixels = np.full(GREY, 0.5).tolist()
    row = pixels
    for step in place[:-1]:
        row = row[step]
    row[place[-1]] = value
    with pytest.raises(ValueError, match="numbers alone"):
        read_array(json.dumps({"images": pixels}), GREY)


def test_texts_take_no_more_memory_than_they_have_bytes():
    body = json.dumps({"images": ["x" * 5000] + [""] * 5000})  # 100 MB as one array of NumPy's
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="numbers alone"):
            read_array(body, GREY)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("images", [[[1, 2], 3], [[[[1]]], [[1]]], [[[1]], []]])
def test_lists_of_different_depth_get_a_sentence(images):
    with pytest.raises(ValueError, match="of one length"):
        read_array(json.dumps({"images": images}), GREY)
