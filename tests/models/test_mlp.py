import keras
import numpy as np
import pytest

from nnlab.models import mlp


@pytest.fixture
def build_mlp(helper):
    return helper(mlp.build_mlp)


def test_an_mlp_computes_what_its_matrices_say(build_mlp):
    model = build_mlp((3, 2), 4, units=(5,))
    w1, b1, w2, b2 = model.get_weights()
    x = np.random.default_rng(0).normal(size=(7, 3, 2)).astype("float32")
    hidden = np.maximum(x.reshape(7, 6) @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), expected, rtol=1e-5)


def test_an_mlp_without_hidden_layers_is_logistic_regression(build_mlp):
    assert build_mlp((28, 28, 1), 10, units=()).count_params() == 28 * 28 * 10 + 10


def test_an_mlp_has_the_units_and_dropout_asked_for(build_mlp):
    layers = build_mlp((4,), 2, units=(8, 6), dropout=0.25).layers
    assert [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)] == [8, 6, 2]
    assert [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)] == [
        0.25,
        0.25,
    ]


def test_an_mlp_comes_uncompiled(build_mlp):
    assert not build_mlp((4,), 2).compiled
