"""A page on which a network reads what is drawn: network and program are in it."""

import base64
import json
from pathlib import Path

import numpy as np

TEMPLATE = Path(__file__).parent / "templates" / "digit.html"
NETWORK = Path(__file__).parents[1] / "trained" / "mnist_student.npz"
LEFT_OUT = {"InputLayer", "RandomTranslation", "Dropout", "Flatten"}  # they change nothing there

CONVOLUTION = {  # the only kind that the page computes
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "same",
    "use_bias": False,
    "activation": "linear",
}


def digit_page(network=NETWORK):
    """Return the page as HTML. It needs no other file and no network.

    network: a file of `nnlab.trained` with a network for 28 × 28 grey pixels that
    `nnlab.models.build_cnn` made. Keras is not needed to read it.

    Raises ValueError where a layer is not one that the page computes.
    """
    with np.load(network) as arrays:
        weights = _Weights(arrays)
        layers = []
        for layer in json.loads(arrays["network"].tobytes())["config"]["layers"]:
            layers += _described(layer["class_name"], layer["config"], weights)
    page = TEMPLATE.read_text(encoding="utf-8")
    page = page.replace("PARAMETERS", f"{weights.count:,}", 1)
    page = page.replace("LAYERS", json.dumps(layers), 1)
    return page.replace("CONTENT", base64.b64encode(weights.content).decode(), 1)


class _Weights:
    """Takes weights in order from a file's arrays, and packs what the page needs of them."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.taken = 0
        self.count = 0  # of numbers in them
        self.content = bytearray()

    def take(self):
        """Return the next weight: of a matrix, its whole numbers."""
        weight = self.arrays[f"{self.taken:03}"]
        self.taken += 1
        self.count += weight.size
        return weight

    def pack(self, array, dtype=np.float32):
        """Add an array to the content; return its place there, in bytes, and its size."""
        self.content += bytes(-len(self.content) % 4)
        place = {"at": len(self.content), "count": array.size}
        self.content += array.astype(dtype).tobytes()
        return place

    def pack_matrix(self):
        """Pack the next weight, a matrix, and its scales; return their places and its width."""
        scale = self.arrays[f"{self.taken:03}_scale"]
        kernel = self.take()
        places = {"kernel": self.pack(kernel, np.int8), "scale": self.pack(scale)}
        return places, kernel.shape[-1]


def _described(kind, config, weights):
    """Return the steps that a layer is for the page, in a list."""
    if kind in LEFT_OUT:
        return []
    if kind == "Conv2D" and {name: config[name] for name in CONVOLUTION} == CONVOLUTION:
        places, filters = weights.pack_matrix()
        return [{"kind": "convolution", "filters": filters, **places}]
    if kind == "MaxPooling2D" and config["pool_size"] == [2, 2]:
        return [{"kind": "pooling"}]
    if kind == "BatchNormalization":
        gamma = weights.take()
        beta = weights.take()
        mean = weights.take()
        factor = gamma / np.sqrt(weights.take() + config["epsilon"])
        shift = weights.pack(beta - mean * factor)
        return [{"kind": "normalization", "factor": weights.pack(factor), "shift": shift}]
    if kind == "ReLU":
        return [{"kind": "relu"}]
    if kind == "Dense" and config["activation"] in ("relu", "softmax"):
        places, units = weights.pack_matrix()
        bias = weights.pack(weights.take())
        dense = {"kind": "dense", "units": units, "bias": bias, **places}
        return [dense, {"kind": config["activation"]}]
    raise ValueError(f"the page does not compute the layer {config['name']}, a {kind}")
