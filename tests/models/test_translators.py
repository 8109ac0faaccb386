"""What both translators keep to, so that they are trained and asked alike."""

from functools import partial

import keras
import numpy as np
import pytest

from nnlab import models
from nnlab.decoding import BeamSearch

SOURCE = np.array([[5, 6, 7, 8, 9], [3, 4, 0, 0, 0], [9, 0, 0, 0, 0]])  # 0 is padding
TARGET = np.array([[1, 4, 6, 8, 10, 2], [1, 3, 2, 0, 0, 0], [1, 10, 9, 8, 7, 6]])
PAIR = {"source": SOURCE, "target": TARGET}
LARGER = {  # enough to learn something
    "Transformer": {"width": 32, "units": 64, "encoder_depth": 1, "decoder_depth": 1},
    "RecurrentTranslator": {"width": 32, "units": 64},
}
# XLA takes longer to compile them than TensorFlow alone takes for all; JAX has nothing else.
JIT = keras.backend.backend() == "jax"

pytestmark = pytest.mark.parametrize("kind", LARGER)


@pytest.fixture
def build(build_translator, kind):
    return partial(build_translator, kind)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


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


@pytest.mark.parametrize(("policy", "rounding"), [("float32", 1e-4), ("mixed_bfloat16", 0.15)])
def test_place_by_place_its_logits_are_those_of_all_places_at_once(
    build, set_policy, policy, rounding
):
    set_policy(policy)
    network = build()
    expected = array(network(PAIR))
    memory, cache = network.start(SOURCE, 8)  # with room for more than is written
    for place in range(6):
        logits, cache = network.step(TARGET[:, place], place, memory, cache)
        np.testing.assert_allclose(array(logits), expected[:, place], atol=rounding)


def test_every_weight_takes_part_as_it_learns_to_write_backwards(helper, kind):
    rng = np.random.default_rng(0)
    source = rng.integers(3, 15, size=(4096, 6))  # 12 symbols; 1 begins, 2 ends
    target = np.pad(source[:, ::-1], [(0, 0), (1, 1)], constant_values=(1, 2))
    network = helper(getattr(models, kind))(15, dropout=0.0, **LARGER[kind])
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 360)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=JIT,
    )
    before = network.get_weights()
    x = {"source": source[:-256], "target": target[:-256, :-1]}
    network.fit(x, target[:-256, 1:], batch_size=64, epochs=6, verbose=0)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.abs(old - new).max() > 1e-3
    search = BeamSearch(network, start=1, end=2, beams=1, max_length=7)
    answers = search(source[-256:])
    right = [answer == list(ids[::-1]) for answer, ids in zip(answers, source[-256:], strict=True)]
    assert np.mean(right) >= 0.95


def test_dropout_acts_while_training_only(build):
    network = build(dropout=0.5)
    np.testing.assert_array_equal(array(network(PAIR)), array(network(PAIR)))
    trained = [array(network(PAIR, training=True)) for _ in range(2)]
    assert np.abs(trained[0] - trained[1]).max() > 1e-2


def test_its_config_makes_it_again(build, kind):
    given = {"dropout": 0.25, "name": "translator", "dtype": "mixed_bfloat16"}
    network = build(**given)
    config = network.get_config()
    assert config.items() >= ({"vocab_size": 11, "width": 8, "units": 12} | given).items()
    again = type(network).from_config(config)
    assert again.get_config() == config
    assert again.compute_dtype == "bfloat16"
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(array(again(PAIR)), array(network(PAIR)))
