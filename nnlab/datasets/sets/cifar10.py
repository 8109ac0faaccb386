"""CIFAR-10, a third of it: 10,000 training and 10,000 test photos in colour, 32×32.

Of the published archive only the first of five training batches and the test batch are used. That
is enough to learn from within minutes, and an archive that holds no more than these two is as good
as the whole one.
"""

import numpy as np

from nnlab.datasets.sets import DataFile, Dataset


def read(contents):
    """Return x_train, y_train, x_test, y_test from the members of the archive."""
    [members] = contents
    x_train, y_train = _read_batch(members["data_batch_1.bin"])
    x_test, y_test = _read_batch(members["test_batch.bin"])
    return x_train, y_train, x_test, y_test


def _read_batch(content):
    """Return images and labels: a record is a label, then 1,024 bytes of red, of green, of blue."""
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    images = records[:, 1:].reshape(-1, 3, 32, 32)
    images = images.transpose(0, 2, 3, 1)  # (10000, 32, 32, 3)
    return np.ascontiguousarray(images), records[:, 0].copy()


DATASET = Dataset(
    name="cifar10",
    title="small photos",
    source="Alex Krizhevsky, Vinod Nair, Geoffrey Hinton: CIFAR-10, from A. Krizhevsky, "
    "Learning Multiple Layers of Features from Tiny Images, 2009",
    license="none stated",
    read=read,
    files=(
        DataFile(
            path="cifar10/cifar-10-binary.tar.gz",
            urls=(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com"
                "/notebook/datasets/cifar-10-binary.tar.gz",
            ),
            download_bytes=170_052_171,
            content_bytes=2 * 30_730_000,
            content_sha256="fb801b56d7916a484500bf511b9f15792407fd619fedb0c78b26506c8abdbf2b",
            members=("data_batch_1.bin", "test_batch.bin"),
        ),
    ),
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    stand_in="shapes",
)
