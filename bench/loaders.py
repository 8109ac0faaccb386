"""How long a set of images takes to load: nnlab, ``keras.datasets``, NumPy.

nnlab unpacks the published files and checks what they hold by its hash, every time. Keras checks
and unpacks one ``.npz`` file, here written anew from the same arrays, as its own is downloaded.
NumPy reads arrays that are neither packed nor checked: it can hardly be faster than that. Whatever
is read was read or written just before, and lies in the memory of the operating system.
"""

import hashlib
from unittest.mock import patch

import numpy as np
from measure import ROOT, Trial, compare

from nnlab.datasets import load_images

FOLDER = ROOT / "build" / "bench" / "loaders"
PARTS = ("x_train", "y_train", "x_test", "y_test")


def timed(load, quick):
    """Return the trial of a function that loads a data set, once and again."""
    trial = Trial(examples=1)
    for _ in range(3 if quick else 11):
        load()
        trial.round_ends()
    return trial


def written(name, write):
    """Return the path of a file, after its arrays were written by a function of NumPy."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.npz"
    data = load_images(name)
    write(path, **{part: getattr(data, part) for part in PARTS})
    return path


def by_nnlab(name):
    return lambda quick: timed(lambda: load_images(name), quick)


def by_numpy(name):
    def run(quick):
        path = written(name, np.savez)

        def load():
            with np.load(path) as file:
                return [file[part] for part in PARTS]

        return timed(load, quick)

    return run


def mnist_by_keras(quick):
    """``keras.datasets.mnist.load_data()``, which finds another file, and its hash."""
    import keras

    path = written("mnist", np.savez_compressed)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def get_file(fname, origin, file_hash):
        options = {"cache_dir": FOLDER, "cache_subdir": "", "file_hash": digest}
        return keras.utils.get_file(fname, origin, **options)

    with patch("keras.src.datasets.mnist.get_file", get_file):
        return timed(keras.datasets.mnist.load_data, quick)


CONTESTS = {
    "seconds": {
        "mnist, nnlab": by_nnlab("mnist"),
        "mnist, keras.datasets": mnist_by_keras,
        "mnist, NumPy": by_numpy("mnist"),
        "fashion_mnist, nnlab": by_nnlab("fashion_mnist"),
        "fashion_mnist, NumPy": by_numpy("fashion_mnist"),
        "cifar10, nnlab": by_nnlab("cifar10"),
        "cifar10, NumPy": by_numpy("cifar10"),
        "caltech101, nnlab": by_nnlab("caltech101"),
        "caltech101, NumPy": by_numpy("caltech101"),
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
