"""Image data sets as arrays of uint8, and the reader of the IDX format in which MNIST is published."""

import gzip
import math
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnlab.datasets import _files, _registry


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images with labels, in a training and a test part, and where they come from.

    Images are raw uint8, (num_images, height, width, channels), 0 to 255; labels are uint8, (num_images,),
    and count from 0: the class of label k is ``class_names[k]``.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    name: str
    source: str
    license: str

    @property
    def num_classes(self):
        return len(self.class_names)

    @property
    def image_shape(self):
        """(height, width, channels)"""
        return self.x_train.shape[1:]


def load_images(name, *, offline=None):
    """Return the data set ``mnist``, ``fashion_mnist`` or ``digits`` as `ImageData`.

    mnist, fashion_mnist: 60,000 training and 10,000 test images, (28, 28, 1), ten classes. The files come from
    the folders in NNLAB_DATA, else from the cache, else from public addresses; each must have the right sha256.
    mnist is CC BY-SA 3.0 (LeCun, Cortes, Burges), fashion_mnist is MIT (Zalando Research).

    digits: 1,797 images embedded in scikit-learn (CC BY 4.0; Alpaydin and Kaynak), so no network is needed. They
    are enlarged from 8×8 to 24×24 by linear interpolation and padded to (28, 28, 1). A fixed random fifth, 360
    images with 35 to 37 of each digit, is the test part; all thirteen writers are in both parts.

    Where the files cannot be had, ``offline="digits"`` warns and returns digits (``data.name`` tells); without it,
    FileNotFoundError says what was tried and what to do. ValueError: an unknown name, a damaged file.
    """
    dataset = _registry.find_dataset(name, "image", offline)
    if dataset.embedded:
        return _digits(dataset)
    try:
        paths = _files.locate(dataset)
    except FileNotFoundError as error:
        if offline is None:
            raise
        warnings.warn(_registry.stand_in_warning(dataset, offline, error), stacklevel=2)
        return load_images(offline)
    x_train, y_train, x_test, y_test = map(read_idx, paths)
    parts = x_train[..., np.newaxis], y_train, x_test[..., np.newaxis], y_test
    return ImageData(*parts, dataset.class_names, name, dataset.source, dataset.license)


def _digits(dataset):
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = zoom(
        bunch.images, (1, 3, 3), order=1, mode="nearest", grid_mode=True
    )  # (1797, 24, 24), 0 to 16
    images = np.pad(np.rint(images * (255 / 16)).astype(np.uint8), ((0, 0), (2, 2), (2, 2)))
    x, y = images[..., np.newaxis], bunch.target.astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=360, stratify=y, random_state=0
    )
    return ImageData(
        x_train,
        y_train,
        x_test,
        y_test,
        dataset.class_names,
        dataset.name,
        dataset.source,
        dataset.license,
    )


def read_idx(path, *, max_bytes=2**28):
    """Return the array in an IDX file, plain or packed by gzip: uint8, int8, int16, int32, float32 or float64.

    The format: two zero bytes, a type byte, the number of dimensions (here 1 to 8), each dimension as a big-endian
    uint32, then the values, big-endian, the last dimension running fastest. Anything else is a ValueError that
    names the file, what was expected and what it holds; so is an array of more than max_bytes bytes, header
    included. No more is read, unpacked or allocated than the file holds and max_bytes allows.

    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST page, "The IDX file format".
    """
    types = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
    advice = "The file is damaged or of another kind: remove it and fetch it again."

    def read(stream, count):
        data = bytearray()
        while len(data) < count and (chunk := stream.read(min(2**20, count - len(data)))):
            data += chunk
        return data

    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        try:
            magic = read(stream, 4)
            if (
                len(magic) < 4
                or magic[:2] != b"\0\0"
                or magic[2] not in types
                or not 1 <= magic[3] <= 8
            ):
                expected = "00 00, a type 08 09 0b 0c 0d or 0e, and 01 to 08 dimensions"
                raise ValueError(
                    f"{path} is no IDX file: expected {expected}, got {magic.hex(' ')!r}. {advice}"
                )
            header = read(stream, 4 * magic[3])
            shape = tuple(
                int.from_bytes(header[i : i + 4], "big") for i in range(0, len(header), 4)
            )
            dtype = np.dtype(types[magic[2]])
            size = math.prod(shape) * dtype.itemsize  # Python integers do not overflow
            if len(header) < 4 * magic[3] or not 0 < size <= max_bytes - 4 - len(header):
                expected = (
                    f"{magic[3]} dimensions of at least 1 and at most {max_bytes:,} bytes in all"
                )
                raise ValueError(
                    f"{path}: expected {expected}, got {shape}, {size:,} bytes. {advice}"
                )
            data = read(
                stream, size + 1
            )  # one more, so that gzip checks its end and a surplus shows
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{path}: expected a whole gzip stream, got: {error}. {advice}"
            ) from error
    if len(data) != size:
        got = "more" if len(data) > size else f"{len(data):,} bytes"
        raise ValueError(
            f"{path}: expected {size:,} bytes of values for the shape {shape}, got {got}. {advice}"
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
