"""MNIST: 60,000 and 10,000 grey images of handwritten digits, 28×28."""

import numpy as np

from nnlab.datasets._formats import read_idx
from nnlab.datasets.sets import DataFile, Dataset

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
FILES = (  # name, bytes, bytes unpacked, sha256 unpacked
    (
        "train-images-idx3-ubyte.gz",
        9_912_422,
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        28_881,
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def idx_files(folder, mirrors, rows):
    """Return the `DataFile` of each row: name, bytes, bytes unpacked, sha256 unpacked."""
    files = []
    for name, download_bytes, content_bytes, content_sha256 in rows:
        file = DataFile(
            path=f"{folder}/{name}",
            urls=tuple(mirror + name for mirror in mirrors),
            download_bytes=download_bytes,
            content_bytes=content_bytes,
            content_sha256=content_sha256,
        )
        files.append(file)
    return tuple(files)


def read(contents):
    """Return x_train, y_train, x_test, y_test from four IDX files in that order."""
    x_train, y_train, x_test, y_test = map(read_idx, contents)
    x_train = x_train[..., np.newaxis]  # (60000, 28, 28, 1)
    x_test = x_test[..., np.newaxis]
    return x_train, y_train, x_test, y_test


DATASET = Dataset(
    name="mnist",
    title="handwritten digits",
    source="Yann LeCun, Corinna Cortes, Christopher J. C. Burges: MNIST, "
    "from NIST Special Databases 1 and 3",
    license="CC BY-SA 3.0",
    read=read,
    files=idx_files("mnist", MIRRORS, FILES),
    class_names=tuple("0123456789"),
    stand_in="digits",
)
