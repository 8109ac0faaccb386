"""A small network in an ONNX file, whose answers are known."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

SHAPE = (4, 5, 1)
CLASSES = 3


def write_network(path, *, shape=SHAPE, softmax=True, seed=0, batch="batch"):
    """Write a network of one dense layer; return its weights, ``(pixels, CLASSES)``."""
    weights = np.random.default_rng(seed).normal(size=(int(np.prod(shape)), CLASSES))
    weights = weights.astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax" if softmax else "Identity", ["logits"], ["answers"]),
    ]
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_tensor_value_info("answers", TensorProto.FLOAT, [batch, CLASSES])],
        [numpy_helper.from_array(weights, "weights")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    return weights


def probabilities(images, weights):
    """Return what the network answers, by NumPy."""
    logits = np.asarray(images, np.float64).reshape(len(images), -1) @ weights
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """The path of the file, and its weights."""
    path = tmp_path_factory.mktemp("network") / "dense.onnx"
    return path, write_network(path)
