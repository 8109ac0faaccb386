"""Make the trained networks that ship with nnlab of those that full runs of the notebooks kept.

    nnlab run --full --models build/models notebooks/0[1-4]* notebooks/60*
    python docs/trained.py build/models

or ``make trained``, which does both. It writes ``nnlab/trained/``: a file and a card for each
network, and SHA256SUMS. What the rounding costs is measured on the real data, which NNLAB_DATA or
the cache must hold.
"""

import hashlib
import re
import sys
from pathlib import Path

import keras
import numpy as np
from scipy.special import log_softmax

from nnlab.datasets import load_images, load_text
from nnlab.metrics import frechet_distance
from nnlab.text import Vocabulary, stateful_batches
from nnlab.trained import load_trained, loading

MAX_FILE = 1_900_000  # bytes
MAX_ALL = 5_000_000
BIG = 1_000_000  # a card gives megabytes


def wrong_answers(model, data):
    """Return the share of a data set's test images that a classifier gets wrong."""
    x = data.x_test / np.float32(255)
    answers = model.predict(x, batch_size=500, verbose=0).argmax(axis=1)
    return {"test images that it gets wrong": np.mean(answers != data.y_test)}


def surprise(model, data):
    """Return the nats per character on the last tenth of a text, as notebook 03 measures them."""
    text = data.text
    ids = Vocabulary.from_text(text).encode(text)[int(0.9 * len(text)) :]
    x, y = stateful_batches(ids, (len(ids) - 1) // 64, batch_size=64)
    log_p = log_softmax(model.predict(x, batch_size=64, verbose=0), axis=-1)
    nats = -np.take_along_axis(log_p, np.asarray(y)[..., None], axis=-1)
    return {"nats per character, last tenth": nats.mean()}


def forgeries(generator, data):
    """Return how a classifier that ships with nnlab reads 10,000 generated images."""
    reader = load_trained("mnist_cnn")
    look = keras.Model(reader.input, [reader.get_layer("features").output, reader.output])
    shape = (len(data.y_test), generator.inputs[0].shape[-1])
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    images = generator.predict([noise, data.y_test], batch_size=500, verbose=0)
    features, answers = look.predict((images + 1) / 2, batch_size=500, verbose=0)
    real, _ = look.predict(data.x_test / np.float32(255), batch_size=500, verbose=0)
    return {
        "generated digits that mnist_cnn reads as ordered": np.mean(
            answers.argmax(axis=1) == data.y_test
        ),
        "Fréchet distance by features of mnist_cnn": frechet_distance(features, real),
    }


# name → how it is measured, how its data are loaded, and which. The generator is judged by
# mnist_cnn, made before it.
NETWORKS = {
    "mnist_mlp": (wrong_answers, load_images, "mnist"),
    "mnist_cnn": (wrong_answers, load_images, "mnist"),
    "mnist_student": (wrong_answers, load_images, "mnist"),
    "fashion_mnist_cnn": (wrong_answers, load_images, "fashion_mnist"),
    "tiny_shakespeare_rnn": (surprise, load_text, "tiny_shakespeare"),
    "mnist_dcgan": (forgeries, load_images, "mnist"),
}
AS_IT_SHIPS = """\
## As it ships

Matrices in 8 bits, a scale for each column: {size:.2f} MB. Measured on the same data, in float32:

| | as trained | as it ships |
| --- | ---: | ---: |
{rows}
"""


def make_all(folder):
    """Write all networks that ship, from a folder of kept models; nothing if one is unfit.

    Nor is anything written where the data are missing on which they are measured.
    """
    cards = {}
    models = {}
    contents = {}
    data = {}
    for name, (_, load, dataset) in NETWORKS.items():
        data[name] = load(dataset)
        cards[name] = (folder / f"{name}.md").read_text("utf-8")
        models[name] = keras.saving.load_model(folder / f"{name}.keras", compile=False)
        contents[name] = loading.pack(models[name])
        if "quick run" in cards[name]:
            raise ValueError(f"{name} in {folder} is of a quick run: keep one of a full run")
        if len(contents[name]) > MAX_FILE:
            raise ValueError(f"{name} takes {len(contents[name]):,} bytes, more than {MAX_FILE:,}")
    if (size := sum(map(len, contents.values()))) > MAX_ALL:
        raise ValueError(f"all together take {size:,} bytes, more than {MAX_ALL:,}")
    lines = []
    for name, content in contents.items():
        (loading.FOLDER / f"{name}.npz").write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}.npz\n")
    loading.SUMS.write_text("".join(lines), encoding="utf-8")
    for name in NETWORKS:
        card = card_of(name, cards[name], models[name], len(contents[name]), data[name])
        (loading.FOLDER / f"{name}.md").write_text(card, encoding="utf-8")
    print(f"all together {size / BIG:.2f} MB")


def card_of(name, card, trained, size, data):
    """Return the card of a network as it ships, with its measures before and after rounding.

    card, trained: as they were kept.
    size: of what ships, in bytes.
    data: on which it is measured.
    """
    measure = NETWORKS[name][0]
    shipped = load_trained(name)
    exact = keras.models.model_from_json(shipped.to_json())  # in float32, too
    exact.set_weights(trained.get_weights())
    before = measure(exact, data)
    after = measure(shipped, data)
    rows = [f"| {what} | {before[what]:.4g} | {after[what]:.4g} |" for what in before]
    print(name, f"{size / BIG:.2f} MB", *rows, sep="\n  ", flush=True)
    ships = AS_IT_SHIPS.format(size=size / BIG, rows="\n".join(rows))
    code = f'from nnlab.trained import load_trained\n\nmodel = load_trained("{name}")\n'
    card = re.sub(r"(?s)(?<=```python\n).*?(?=```)", code, card)
    return re.sub(r"\nSHA-256 of .*\n", f"\n{ships}", card)


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
