"""Training from files beside training from memory: how fast, and how much memory it takes.

Throughput: nnlab's convolutional network on MNIST, called as notebook 02 does, from arrays, from
record files, and from PNG files, which Keras reads itself.
Memory: colour images of 128 × 128 pixels, MNIST's digits enlarged, 49 MB to 983 MB as arrays; the
network shrinks them first, so that not it but the data set needs the time and the memory.
"""

import itertools
import multiprocessing

import numpy as np
from loops import begin
from measure import ROOT, Trial, compare, training_flops

from nnlab.datasets import load_images, stream_records, write_records

DATA = ROOT / "build" / "bench" / "streaming"
LARGE = (128, 128, 3)


def digits(count):
    """Yield images of MNIST with labels, from the start again where there are no more."""
    data = load_images("mnist")
    for number in range(count):
        yield data.x_train[number % len(data.x_train)], data.y_train[number % len(data.y_train)]


def large_digits(count):
    for image, label in digits(count):
        yield np.pad(image, ((2, 2), (2, 2), (0, 0))).repeat(4, 0).repeat(4, 1).repeat(3, 2), label


def prepare(folder, kind, source, count):
    """Write a data set under another name, and give it its own when it is whole."""
    from PIL import Image

    part = folder.with_name(f"{folder.name}.part")
    if kind == "stream_records":
        images = (image for image, _ in source(count))
        labels = (label for _, label in source(count))
        write_records(part, images, labels, shard_size=max(1, count // 20))
    else:
        for number, (image, label) in enumerate(source(count)):
            path = part / str(label) / f"{number:06}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.squeeze()).save(path, compress_level=1)
    part.rename(folder)


def opened(kind, source, shape, count, batch_size):
    """Return arguments for ``fit``: arrays, or a data set from files, written if need be."""
    if kind == "in memory":
        x = np.empty((count, *shape), np.uint8)
        y = np.empty(count, np.uint8)
        for number, (image, label) in enumerate(source(count)):
            x[number] = image
            y[number] = label
        return {"x": x, "y": y, "batch_size": batch_size}
    folder = DATA / f"{kind} {source.__name__} {count}"
    if not folder.exists():
        writer = multiprocessing.get_context("spawn").Process(
            target=prepare, args=(folder, kind, source, count)
        )
        writer.start()
        writer.join()
    if kind == "stream_records":
        return {"x": stream_records(folder, batch_size, seed=0), "shuffle": False}
    from keras.utils import image_dataset_from_directory

    dataset = image_dataset_from_directory(
        folder,
        color_mode="grayscale" if shape[2] == 1 else "rgb",
        image_size=shape[:2],
        batch_size=batch_size,
        seed=0,
        verbose=False,
    )
    return {"x": dataset, "shuffle": False}


def train(trial, front, network, arguments, epochs):
    """Train a network behind some layers that prepare the images."""
    import keras

    model = keras.Sequential([*front, network])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(**arguments, epochs=epochs, callbacks=[trial.callback()], verbose=0)
    trial.flops = training_flops(network)
    return trial


def throughput(kind):
    def run(quick):
        from keras.layers import Rescaling

        from nnlab.models import build_cnn

        begin()
        count = 3_000 if quick else 60_000
        arguments = opened(kind, digits, (28, 28, 1), count, 128)
        front = [Rescaling(1 / 255)]
        if kind == "in memory":  # as the notebooks do: once, beforehand
            front = []
            arguments["x"] = arguments["x"] / np.float32(255)
        return train(
            Trial(examples=count), front, build_cnn((28, 28, 1), 10), arguments, 2 if quick else 3
        )

    return run


def memory(kind, size):
    def run(quick):
        from keras.layers import AveragePooling2D, Rescaling

        from nnlab.models import build_cnn

        begin()
        count = size * (50 if quick else 1_000)
        arguments = opened(kind, large_digits, LARGE, count, 32)
        front = [Rescaling(1 / 255), AveragePooling2D(4)]
        return train(
            Trial(examples=count), front, build_cnn((32, 32, 3), 10, filters=(16, 32)), arguments, 2
        )

    return run


KINDS = ("in memory", "stream_records", "image_dataset_from_directory")
CONTESTS = {
    "throughput": {kind: throughput(kind) for kind in KINDS},
    "memory": {
        f"{kind}, {size}×": memory(kind, size)
        for kind, size in itertools.product(KINDS, (1, 5, 20))
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
