"""The recurrent translator, beside one in NumPy that reads without padding, step by step."""

import keras
import numpy as np
import pytest

from nnlab import models
from nnlab.decoding import beam_search

SOURCE = np.array([[5, 6, 7, 8, 9], [3, 4, 0, 0, 0], [9, 0, 0, 0, 0]])  # 0 is padding
TARGET = np.array([[1, 4, 6, 8, 10, 2], [1, 3, 2, 0, 0, 0], [1, 10, 9, 8, 7, 6]])
PAIR = {"source": SOURCE, "target": TARGET}
# XLA takes longer to compile them than TensorFlow alone takes for all; JAX has nothing else.
JIT = keras.backend.backend() == "jax"


@pytest.fixture
def build(helper):
    """Return a function that builds a small network for ids below 11, none of its weights even."""

    def build(**settings):
        usual = {"width": 8, "units": 12}
        network = helper(models.RecurrentTranslator)(11, **usual | settings)
        rng = np.random.default_rng(0)
        network.set_weights([rng.normal(0, 0.4, each.shape) for each in network.get_weights()])
        return network

    return build


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
    scores = np.exp(hidden @ (read @ network.keys.get_weights()[0]).T)
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


def test_no_place_of_the_target_sees_a_later_one(build):
    network = build()
    for place in range(1, 6):
        changed = TARGET.copy()
        changed[:, place] = 5
        told = array(network({"source": SOURCE, "target": changed}))
        difference = np.abs(array(network(PAIR)) - told)
        assert difference[:, :place].max() < 1e-5
        assert difference[:, place:].max(axis=(0, 2)).min() > 1e-3


def test_however_much_padding_follows_the_source_the_answer_is_the_same(build):
    network = build()
    logits = array(network(PAIR))
    padded = {"source": np.pad(SOURCE, [(0, 0), (0, 4)]), "target": TARGET}
    np.testing.assert_allclose(array(network(padded)), logits, atol=1e-5)
    cut = {"source": SOURCE[1:2, :2], "target": TARGET[1:2]}
    np.testing.assert_allclose(array(network(cut)), logits[1:2], atol=1e-5)


# ---- place by place, and where it looks ----------------------------------------------------------


@pytest.mark.parametrize(("policy", "rounding"), [("float32", 1e-4), ("mixed_bfloat16", 0.15)])
def test_place_by_place_its_logits_are_those_of_all_places_at_once(
    build, set_policy, policy, rounding
):
    set_policy(policy)
    network = build()
    expected = array(network(PAIR))
    memory, cache = network.start(SOURCE, 8)
    for place in range(6):
        logits, cache = network.step(TARGET[:, place], place, memory, cache)
        np.testing.assert_allclose(array(logits), expected[:, place], atol=rounding)


def test_attention_sums_to_one_and_padding_gets_none(build):
    weights = array(build().attention_maps(PAIR)["attention"])
    assert weights.shape == (3, 6, 5)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    seen = np.broadcast_to(SOURCE[:, None, :] > 0, weights.shape)
    assert weights[seen].min() > 0
    assert weights[~seen].max() == 0


# ---- training ------------------------------------------------------------------------------------


def test_every_weight_takes_part_as_it_learns_to_write_backwards(helper):
    rng = np.random.default_rng(0)
    source = rng.integers(3, 15, size=(4096, 6))  # 12 symbols; 1 begins, 2 ends
    target = np.pad(source[:, ::-1], [(0, 0), (1, 1)], constant_values=(1, 2))
    keras.utils.set_random_seed(0)
    network = helper(models.RecurrentTranslator)(15, width=32, units=64, dropout=0.0)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 240)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=JIT,
    )
    before = network.get_weights()
    x = {"source": source[:-256], "target": target[:-256, :-1]}
    network.fit(x, target[:-256, 1:], batch_size=64, epochs=4, verbose=0)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.abs(old - new).max() > 1e-3
    answers = beam_search(network, source[-256:], start=1, end=2, beams=1, max_length=7)
    right = [answer == list(ids[::-1]) for answer, ids in zip(answers, source[-256:], strict=True)]
    assert np.mean(right) >= 0.95


def test_dropout_acts_while_training_only(build):
    network = build(dropout=0.5)
    np.testing.assert_array_equal(array(network(PAIR)), array(network(PAIR)))
    trained = [array(network(PAIR, training=True)) for _ in range(2)]
    assert np.abs(trained[0] - trained[1]).max() > 1e-2


# ---- what it is made with ------------------------------------------------------------------------


def test_its_config_makes_it_again(build):
    network = build(dropout=0.25, name="translator", dtype="mixed_bfloat16")
    config = network.get_config()
    assert config == {
        "vocab_size": 11,
        "width": 8,
        "units": 12,
        "dropout": 0.25,
        "name": "translator",
        "dtype": "mixed_bfloat16",
    }
    again = type(network).from_config(config)
    assert again.get_config() == config
    assert again.compute_dtype == "bfloat16"
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(array(again(PAIR)), array(network(PAIR)))


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
