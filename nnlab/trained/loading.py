"""Trained networks that come with nnlab, to use without training."""

import hashlib
import io
import json
from pathlib import Path

import keras
import numpy as np

FOLDER = Path(__file__).parent
SUMS = FOLDER / "SHA256SUMS"  # of the files beside it
MAX_BYTES = 2_000_000  # of one of them
NUMBERED = "{:03}"  # of a weight in a file, in the order of the model's


def load_trained(name):
    """Return a trained Keras model in float32, not compiled: call it, or ``predict`` with it.

    It comes with nnlab and needs no network. The model is that of a full run of a notebook, its
    matrices rounded to 8 bits; the card beside its file, ``nnlab/trained/NAME.md``, says what it
    was trained on, under which licence, and what the rounding costs.

    name: one of

    * ``mnist_mlp`` (notebook 01), ``mnist_cnn`` (02): pixels / 255, ``(n, 28, 28, 1)``, bright
      digits on black, become probabilities of the digits 0 to 9, ``(n, 10)``.
    * ``mnist_student`` (60): the same of digits, with a tenth of the weights.
    * ``fashion_mnist_cnn`` (02): the same of clothes: T-shirt/top, trouser, pullover, dress,
      coat, sandal, shirt, sneaker, bag, ankle boot.
    * ``tiny_shakespeare_rnn`` (03): ids of characters, int32 ``(n, length)``, become logits of the
      character after each, ``(n, length, 65)``. An id is the place of a character in
      ``Vocabulary.from_text(text)``: line feed, space, ``!$&',-.3:;?``, then A to Z and a to z.
      ``nnlab.sampling.build_sampler`` writes text with it.
    * ``mnist_dcgan`` (04): ``[noise, labels]``, standard normal ``(n, 24)`` and digits ``(n,)``,
      become images in −1..1, ``(n, 28, 28, 1)``.

    Raises ValueError for another name, and for a file that is not as it was published.
    """
    sums = _published()
    if name not in sums:
        raise ValueError(f"no trained model {name!r}; there are {', '.join(sums)}")
    with np.load(io.BytesIO(_content(name, sums[name]))) as arrays:
        model = keras.models.model_from_json(arrays["network"].tobytes().decode())
        weights = [_weight(arrays, NUMBERED.format(i)) for i in range(len(model.weights))]
    model.set_weights(weights)
    return model


def pack(model):
    """Return a trained model as bytes that ``load_trained`` reads: its matrices in 8 bits.

    Of each matrix, every column (or filter) is a whole number in −127..127 times a scale of its
    own; what has one dimension, such as a bias, stays float32.

    model: a Keras model; what it computes in, float32 or another precision, becomes float32.
    """
    network = json.dumps(_in_float32(json.loads(model.to_json())), separators=(",", ":"))
    arrays = {"network": np.frombuffer(network.encode(), np.uint8)}
    for i, weight in enumerate(model.get_weights()):
        number = NUMBERED.format(i)
        weight = np.asarray(weight, np.float32)
        if weight.ndim > 1:
            scale = np.abs(weight).max(axis=tuple(range(weight.ndim - 1))) / np.float32(127)
            arrays[f"{number}_scale"] = scale = np.maximum(scale, np.finfo(np.float32).tiny)
            weight = np.round(weight / scale).astype(np.int8)
        arrays[number] = weight
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def _in_float32(config):
    """Return a network's configuration with every layer in float32, and without its training."""
    if isinstance(config, list):
        return [_in_float32(each) for each in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return config | {"config": {"name": "float32"}}
    return {key: _in_float32(value) for key, value in config.items() if key != "compile_config"}


def _published():
    """Return name → SHA-256 of the files that belong here."""
    sums = {}
    for line in SUMS.read_text("utf-8").splitlines():
        sha256, file = line.split()
        sums[file.removesuffix(".npz")] = sha256
    return sums


def _content(name, sha256):
    path = FOLDER / f"{name}.npz"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: install nnlab again") from error
    if len(content) > MAX_BYTES or hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is not {sha256[:12]}…, as published. "
            "Install nnlab again"
        )
    return content


def _weight(arrays, number):
    weight = arrays[number].astype(np.float32)
    scale = f"{number}_scale"
    return weight * arrays[scale] if scale in arrays else weight
