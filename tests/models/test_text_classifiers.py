"""Networks that sort texts: whatever padding follows, by words, by patterns, in their order."""

import keras
import numpy as np
import pytest

from nnlab import models

BUILDERS = {
    "mean": ("build_text_mean", {"embedding_dim": 8}),
    "max": ("build_text_cnn", {"embedding_dim": 8, "filters": 16}),
    "attention": ("build_text_cnn", {"embedding_dim": 8, "filters": 16, "pooling": "attention"}),
    "simple_rnn": ("build_text_rnn", {"cell": "simple_rnn", "embedding_dim": 8, "units": 8}),
    "lstm": ("build_text_rnn", {"cell": "lstm", "embedding_dim": 8, "units": 8}),
    "gru": ("build_text_rnn", {"cell": "gru", "embedding_dim": 8, "units": 8}),
}


@pytest.fixture
def build(helper):
    """Return a function that builds one of the networks, for ids below 20."""

    def build(kind, **settings):
        name, usual = BUILDERS[kind]
        keras.utils.set_random_seed(0)
        return helper(getattr(models, name))(20, **usual | settings)

    return build


def logits(network, ids):
    return keras.ops.convert_to_numpy(network(np.asarray(ids, np.int32)))


@pytest.mark.parametrize("kind", BUILDERS)
def test_however_much_padding_follows_the_answer_is_the_same(build, kind):
    network = build(kind, num_outputs=3)
    texts = [[5, 6, 7, 8], [9, 4, 0, 0]]
    told = logits(network, texts)
    assert told.shape == (2, 3)
    padded = np.pad(texts, [(0, 0), (0, 9)])
    np.testing.assert_allclose(logits(network, padded), told, atol=1e-6)
    np.testing.assert_allclose(logits(network, [[9, 4]]), told[1:], atol=1e-6)
    assert np.abs(told[0] - told[1]).max() > 1e-4


@pytest.mark.parametrize("kind", BUILDERS)
def test_only_the_mean_does_not_know_the_order_of_words(build, kind):
    there, back = logits(build(kind), [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]])
    assert (abs(there - back) < 1e-6) == (kind == "mean")


@pytest.mark.parametrize("kind", ["attention", "gru"])
def test_networks_that_know_the_order_learn_which_word_came_first(build, kind):
    rng = np.random.default_rng(0)
    texts = rng.integers(3, 20, size=(512, 10))
    labels = rng.integers(0, 2, size=512)
    for text, label in zip(texts, labels, strict=True):
        place = rng.integers(9)
        text[place : place + 2] = (1, 2) if label else (2, 1)
    network = build(kind, dropout=0.0)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    network.fit(texts[:384], labels[:384], batch_size=32, epochs=12, verbose=0)
    right = (logits(network, texts[384:])[:, 0] > 0) == labels[384:]
    assert right.mean() > 0.85


def test_attention_sums_to_one_over_the_words_and_padding_gets_none(build):
    network = build("attention")
    attention = keras.Model(network.input, network.get_layer("attention").output)
    weights = logits(attention, [[5, 6, 7, 8], [9, 3, 0, 0]])
    assert weights.shape == (2, 4, 1)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert weights[0].min() > 0
    assert weights[1, 2:].max() == 0


def test_while_training_the_mean_leaves_out_whole_words(build):
    network = build("mean", dropout=0.5)
    told = keras.ops.convert_to_numpy(network(np.full((200, 1), 7), training=True))
    assert len(np.unique(told.round(5))) == 2  # of a single word, it is there or not


@pytest.mark.parametrize(
    ("kind", "settings", "problem"),
    [
        ("max", {"pooling": "mean"}, "pooling must be max or attention, got 'mean'"),
        ("gru", {"cell": "GRU"}, "cell must be one of simple_rnn, lstm, gru, got 'GRU'"),
    ],
)
def test_an_unknown_kind_is_refused_with_the_known_ones(build, kind, settings, problem):
    with pytest.raises(ValueError, match=problem):
        build(kind, **settings)
