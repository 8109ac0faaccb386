"""What a server is sent, made into what a network takes: pictures, and arrays as JSON."""

import contextlib
import io
import itertools
import json
import threading
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_IMAGES = 256  # in one request
LARGE = 2_000_000  # pixels of a picture; of larger ones a process decodes one at a time
BODY = 'the body must be JSON: {"images": […]}, nested lists of numbers of one length'
_one_at_a_time = threading.Lock()


def decode_image(content, image_shape, max_pixels):
    """Return a picture as a network wants it: float32 ``(1, height, width, channels)`` in 0..1.

    It is turned as its camera says, becomes grey or RGB (transparent pixels become black) and is
    scaled to the network's size; where its proportions differ, the rest is black.

    content: bytes of a PNG or JPEG file.
    image_shape: ``(height, width, channels)``.
    max_pixels: more are not decoded.

    Raises ValueError for what is no such picture, and one too narrow to be scaled.
    """
    picture = open_picture(content, max_pixels)
    height, width, _ = image_shape
    squeezed = picture.width / picture.height / (width / height)
    if not 1 / height < squeezed < width:
        raise ValueError(
            f"the picture has {picture.width} × {picture.height} pixels: scaled to {width} × "
            f"{height}, nothing would be left of it; cut out the part to look at"
        )
    large = picture.width * picture.height > LARGE
    with _one_at_a_time if large else contextlib.nullcontext():
        try:
            return scaled_pixels(picture, image_shape)
        except Exception as error:  # Pillow raises many kinds where a file is cut off or damaged
            raise ValueError(f"the picture cannot be decoded: {error}") from error


def open_picture(content, max_pixels):
    """Return a picture of which the size is known and nothing else decoded; see `decode_image`."""
    if not content:
        raise ValueError("the body is empty: send the bytes of a PNG or JPEG file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError as error:
        raise ValueError("the body is neither a PNG nor a JPEG, or cut off") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"the picture has more than {max_pixels:,} pixels") from error
    except Exception as error:
        raise ValueError(f"the picture cannot be decoded: {error}") from error
    if picture.width * picture.height > max_pixels:
        raise ValueError(
            f"the picture has {picture.width} × {picture.height} pixels, more than "
            f"{max_pixels:,}: make it smaller"
        )
    if picture.mode.startswith("I"):
        raise ValueError("the picture has 16 bits a channel: save it with 8")
    return picture


def scaled_pixels(picture, image_shape):
    """Decode a picture; return its pixels; see `decode_image`."""
    height, width, channels = image_shape
    picture.load()
    with contextlib.suppress(SyntaxError):  # what the camera says may be damaged by itself
        picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
    picture = picture.convert("L" if channels == 1 else "RGB")
    picture = ImageOps.pad(picture, (width, height))
    return np.asarray(picture, np.float32).reshape(1, *image_shape) / np.float32(255)


def read_array(content, image_shape):
    """Return the images of a JSON text as float32 ``(n, *image_shape)``.

    content: bytes of ``{"images": […]}``, one image or a list of images, as nested lists of
    numbers that go to the network as they are.
    image_shape: ``(height, width, channels)``.

    Raises ValueError for another text.
    """
    try:
        images = json.loads(content)["images"]
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ValueError(BODY) from error
    check_numbers(images)
    try:
        images = np.asarray(images, np.float64)
    except OverflowError as error:  # a whole number of more than 308 digits
        raise ValueError("images must hold finite numbers") from error
    except (ValueError, MemoryError) as error:
        raise ValueError(BODY) from error
    if images.shape == image_shape:
        images = images[None]
    if images.shape[1:] != image_shape or not 1 <= len(images) <= MAX_IMAGES:
        raise ValueError(
            f"images must have the shape {image_shape}, or (n, …) with n up to {MAX_IMAGES}, "
            f"got {images.shape}"
        )
    with np.errstate(over="ignore"):
        images = images.astype(np.float32)
    if not np.isfinite(images).all():
        raise ValueError("images must hold finite numbers")
    return images


def check_numbers(images):
    """Raise ValueError where nested lists hold anything but numbers.

    NumPy would make room for the longest text as often as there are values, and take true for 1.
    """
    level = [images]
    while level:
        kinds = set(map(type, level))
        if kinds <= {int, float}:
            return
        if not kinds <= {int, float, list}:
            raise ValueError("images must hold numbers alone, without quotes, true, false or null")
        if kinds != {list}:
            raise ValueError(BODY)
        level = list(itertools.chain.from_iterable(level))
