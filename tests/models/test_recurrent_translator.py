"""The recurrent translator, beside one in NumPy that reads without padding, step by step."""

from functools import partial

import keras
import numpy as np
import pytest

SOURCE = np.array([[5, 6, 7, 8, 9], [3, 4, 0, 0, 0], [9, 0, 0, 0, 0]])  # 0 is padding
TARGET = np.array([[1, 4, 6, 8, 10, 2], [1, 3, 2, 0, 0, 0], [1, 10, 9, 8, 7, 6]])
PAIR = {"source": SOURCE, "target": TARGET}


@pytest.fixture
def build(build_translator):
    return partial(build_translator, "RecurrentTranslator")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# ---- what it computes ----------------------------------------------------------------------------


def gru_states(layer, vectors, state):
    """Return the state after each vector, by the equations of a GRU."""
    kernel, recurrent_kernel, biases = layer.cell.get_weights()
    states = []
    for x in vectors:
        told = np.split(x @ kernel + biases[0], 3)
        kept = np.split(state @ recurrent_kernel + biases[1], 3)
        update = 1 / (1 + np.exp(-told[0] - kept[0]))
        reset = 1 / (1 + np.exp(-told[1] - kept[1]))
        new = np.tanh(told[2] + reset * kept[2])
        state = update * state + (1 - update) * new
        states.append(state)
    return np.array(states)


def plain_logits(network, source, target):
    """Return the logits of a single target, from a source without its padding."""
    table = network.words.get_weights()[0]
    source, target = (table[ids] * np.sqrt(network.width) for ids in (source[source > 0], target))
    nothing = np.zeros(network.units // 2)
    there = gru_states(network.reader.forward_layer, source, nothing)
    back = gru_states(network.reader.backward_layer, source[::-1], nothing)
    read = np.concatenate([there, back[::-1]], axis=-1)  # (source_length, units)
    hidden = gru_states(network.writer, target, np.concatenate([there[-1], back[-1]]))
    products = hidden @ (read @ network.keys.get_weights()[0]).T
    scores = np.exp(products / np.sqrt(network.units))
    found = scores / scores.sum(axis=-1, keepdims=True) @ read
    kernel, bias = network.output_vectors.get_weights()
    x = np.tanh(np.concatenate([hidden, found], axis=-1) @ kernel + bias)
    return x @ table.T


def test_its_logits_are_those_of_plain_numpy(build):
    network = build()
    logits = array(network(PAIR))
    assert logits.shape == (3, 6, 11)
    assert logits.std() > 0.5
    for row in range(3):
        expected = plain_logits(network, SOURCE[row], TARGET[row])
        np.testing.assert_allclose(logits[row], expected, atol=1e-4)


def test_a_source_and_a_target_of_one_id_are_taken_without_a_warning(build):
    network = build()
    logits = array(network({"source": SOURCE[:1, :1], "target": TARGET[:1, :1]}))
    expected = plain_logits(network, SOURCE[0, :1], TARGET[0, :1])
    np.testing.assert_allclose(logits[0], expected, atol=1e-4)


# ---- where it looks ------------------------------------------------------------------------------


def test_attention_sums_to_one_and_padding_gets_none(build):
    weights = array(build().attention_maps(PAIR)["attention"])
    assert weights.shape == (3, 6, 5)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    seen = np.broadcast_to(SOURCE[:, None, :] > 0, weights.shape)
    assert weights[seen].min() > 0
    assert weights[~seen].max() == 0


# ---- what it is made with ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"units": 5}, "units must be even, half for each direction, got 5"),
        ({"units": 0}, "must be 1 or more, got .*units=0"),
        ({"width": -1}, "must be 1 or more, got .*width=-1"),
    ],
    ids=str,
)
def test_numbers_that_make_no_network_are_refused(build, settings, problem):
    with pytest.raises(ValueError, match=problem):
        build(**settings)


@pytest.mark.parametrize("name", ["width", "units"])
def test_half_a_unit_is_refused(build, name):
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        build(**{name: 2.5})
