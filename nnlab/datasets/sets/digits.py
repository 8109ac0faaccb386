"""Digits: 1,797 scans of handwritten digits, 8×8, which scikit-learn embeds, in the shape of MNIST.

They are enlarged to 24×24 by linear interpolation and padded to 28×28. A fixed random fifth, 360
images with 35 to 37 of each digit, is the test part; all thirteen writers are in both parts.
"""

import numpy as np

from nnlab.datasets.sets import Dataset


def read(_contents):
    """Return x_train, y_train, x_test, y_test."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = zoom(digits.images, (1, 3, 3), order=1, mode="nearest", grid_mode=True)
    images = np.rint(images * (255 / 16)).astype(np.uint8)  # (1797, 24, 24), from 0..16
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    images = images[..., np.newaxis]  # (1797, 28, 28, 1)
    labels = digits.target.astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=0
    )
    return x_train, y_train, x_test, y_test


DATASET = Dataset(
    name="digits",
    title="small digits, 8×8",
    source="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI, 1998; "
    "the 1,797 images that scikit-learn embeds",
    license="CC BY 4.0",
    read=read,
    class_names=tuple("0123456789"),
)
