"""The Transformer, beside one in NumPy that goes from head to head and keeps nothing."""

from functools import partial

import keras
import numpy as np
import pytest

SOURCE = np.array([[5, 6, 7, 8, 9], [3, 4, 0, 0, 0], [9, 0, 0, 0, 0]])  # 0 is padding
TARGET = np.array([[1, 4, 6, 8, 10, 2], [1, 3, 2, 0, 0, 0], [1, 10, 9, 8, 7, 6]])
PAIR = {"source": SOURCE, "target": TARGET}
# XLA takes longer to compile them than TensorFlow alone takes for all; JAX has nothing else.
JIT = keras.backend.backend() == "jax"


@pytest.fixture
def build(build_translator):
    return partial(build_translator, "Transformer")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# ---- what it computes ----------------------------------------------------------------------------


def normalized(layer, x):
    scale, shift = layer.get_weights()
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-3) * scale + shift


def dense(layer, x):
    kernel, bias = layer.get_weights()
    return x @ kernel + bias


def attention(network, name, x, others, may_look):
    """Return what each vector of x finds in the others, of one text; may_look: (x, others)."""
    queries = dense(network.parts[f"{name}_queries"], x)
    keys, values = np.split(dense(network.parts[f"{name}_keys"], others), 2, axis=-1)
    found = np.zeros_like(x)
    size = x.shape[-1] // network.heads
    for head in range(network.heads):
        part = slice(head * size, (head + 1) * size)
        for place, query in enumerate(queries):
            seen = may_look[place]
            scores = keys[seen, part] @ query[part] / np.sqrt(size)
            weights = np.exp(scores) / np.exp(scores).sum()
            found[place, part] = weights @ values[seen, part]
    return dense(network.parts[f"{name}_output"], found)


def vectors(network, ids):
    table = network.words.get_weights()[0]
    x = table[ids] * np.sqrt(network.width)
    half = network.width // 2
    for place in range(len(ids)):
        angles = place / 10_000 ** (np.arange(half) / half)
        x[place] += np.concatenate([np.sin(angles), np.cos(angles)])
    return x


def blocks(network, side, x, may_look, read=None):
    depth = network.encoder_depth if side == "encoder" else network.decoder_depth
    for block in range(depth):
        name = f"{side}_{block}"
        y = normalized(network.parts[f"{name}_self_norm"], x)
        x = x + attention(network, f"{name}_self", y, y, may_look)
        if read is not None:
            y = normalized(network.parts[f"{name}_cross_norm"], x)
            everything = np.ones((len(x), len(read)), bool)
            x = x + attention(network, f"{name}_cross", y, read, everything)
        y = dense(network.parts[f"{name}_hidden"], normalized(network.parts[f"{name}_norm"], x))
        x = x + dense(network.parts[f"{name}_back"], np.maximum(y, 0))
    return normalized(network.parts[f"{side}_norm"], x)


def plain_logits(network, source, target):
    """Return the logits of a single target, from a source without its padding."""
    read = None
    if source is not None:
        source = source[source > 0]
        everything = np.ones((len(source), len(source)), bool)
        read = blocks(network, "encoder", vectors(network, source), everything)
    may_look = np.tri(len(target), dtype=bool)
    x = blocks(network, "decoder", vectors(network, target), may_look, read)
    return x @ network.words.get_weights()[0].T


def test_its_logits_are_those_of_plain_numpy(build):
    network = build()
    logits = array(network(PAIR))
    assert logits.shape == (3, 6, 11)
    assert logits.std() > 0.5
    for row in range(3):
        expected = plain_logits(network, SOURCE[row], TARGET[row])
        np.testing.assert_allclose(logits[row], expected, atol=1e-4)


def test_without_an_encoder_its_logits_are_those_of_plain_numpy(build):
    network = build(encoder_depth=0, decoder_depth=3)
    logits = array(network(TARGET))
    for row in range(3):
        expected = plain_logits(network, None, TARGET[row])
        np.testing.assert_allclose(logits[row], expected, atol=1e-4)


def test_a_source_and_a_target_of_one_id_are_taken_without_a_warning(build):
    network = build()
    logits = array(network({"source": SOURCE[:1, :1], "target": TARGET[:1, :1]}))
    expected = plain_logits(network, SOURCE[0, :1], TARGET[0, :1])
    np.testing.assert_allclose(logits[0], expected, atol=1e-4)


def test_without_an_encoder_no_place_sees_a_later_one(build):
    network = build(encoder_depth=0)
    for place in range(1, 6):
        changed = TARGET.copy()
        changed[:, place] = 5
        difference = np.abs(array(network(TARGET)) - array(network(changed)))
        assert difference[:, :place].max() < 1e-5
        assert difference[:, place:].max(axis=(0, 2)).min() > 1e-3


def test_the_order_of_the_source_makes_a_difference(build):
    network = build()
    there, back = array(
        network({"source": np.array([[5, 6, 7], [7, 6, 5]]), "target": TARGET[:1, :2].repeat(2, 0)})
    )
    assert np.abs(there - back).max() > 1e-2


def test_a_network_that_only_writes_has_nothing_to_start_from(build):
    with pytest.raises(ValueError, match="encoder_depth=0 reads no source"):
        build(encoder_depth=0).start(SOURCE, 8)


# ---- where it looks ------------------------------------------------------------------------------


def test_attention_sums_to_one_and_neither_padding_nor_a_later_place_gets_any(build):
    network = build(decoder_depth=1)
    maps = network.attention_maps(PAIR)
    assert [*maps] == ["encoder_0_self", "encoder_1_self", "decoder_0_self", "decoder_0_cross"]
    maps = {name: array(each) for name, each in maps.items()}
    for each in maps.values():
        np.testing.assert_allclose(each.sum(axis=-1), 1, atol=1e-5)
    assert maps["decoder_0_cross"].shape == (3, 2, 6, 5)
    for name in ("encoder_0_self", "encoder_1_self", "decoder_0_cross"):
        seen = np.broadcast_to(SOURCE[:, None, None, :] > 0, maps[name].shape)
        assert maps[name][seen].min() > 0
        assert maps[name][~seen].max() == 0
    seen = np.broadcast_to(np.tri(6, dtype=bool), maps["decoder_0_self"].shape)
    assert maps["decoder_0_self"][seen].min() > 0
    assert maps["decoder_0_self"][~seen].max() == 0


# ---- training ------------------------------------------------------------------------------------


def test_without_an_encoder_every_weight_takes_part(build):
    network = build(encoder_depth=0, decoder_depth=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, jit_compile=JIT)
    before = network.get_weights()
    network.train_on_batch(TARGET, TARGET)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.abs(old - new).max() > 1e-3


# ---- what it is made with ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"heads": 3}, "width must be a multiple of heads and of 2, got width=8, heads=3"),
        ({"width": 9, "heads": 3}, "multiple of heads and of 2, got width=9, heads=3"),
        ({"heads": 0}, "must be 1 or more, and encoder_depth 0 or more, got .*heads=0"),
        ({"width": 0}, "must be 1 or more, .* got .*width=0"),
        ({"units": -1}, "must be 1 or more, .* got .*units=-1"),
        ({"decoder_depth": 0}, "must be 1 or more, .* got .*decoder_depth=0"),
        ({"encoder_depth": -1}, "must be 1 or more, .* got .*encoder_depth=-1"),
    ],
    ids=str,
)
def test_numbers_that_make_no_network_are_refused(build, settings, problem):
    with pytest.raises(ValueError, match=problem):
        build(**settings)


@pytest.mark.parametrize("name", ["width", "heads", "units", "encoder_depth", "decoder_depth"])
def test_half_a_unit_is_refused(build, name):
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        build(**{name: 2.5})
