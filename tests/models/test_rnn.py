import keras
import numpy as np
import pytest

from nnlab import sampling
from nnlab.models import rnn
from nnlab.sampling import generate_text
from nnlab.text import Vocabulary
from nnlab.training import ResetStates, keep_recurrent_state

VOCABULARY = Vocabulary("abcdefgh")


@pytest.fixture(params=["simple_rnn", "lstm", "gru"])
def model(request, helper):
    keras.utils.set_random_seed(0)
    model = helper(rnn.build_char_rnn)(
        8, cell=request.param, units=(12, 10), embedding_dim=5, dropout=0.5
    )
    model.set_weights(
        [weights * 3 for weights in model.get_weights()]
    )  # far from even probabilities
    return model


def next_probabilities(model, text):
    """Return the probabilities of the character after a text, by running the whole model over all of it.

    What follows the text makes no difference, but with a single length JAX compiles the model only once.
    """
    ids = VOCABULARY.encode(text.ljust(50, VOCABULARY.characters[0]))[None]
    logits = keras.ops.convert_to_numpy(model(ids))[0, len(text) - 1].astype(float)
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def draws(sampler, prompt, count, **settings):
    """Return how often each character came after the prompt, as a share."""
    texts = generate_text(sampler, VOCABULARY, [prompt] * count, 1, **settings)
    return np.bincount([VOCABULARY.encode(text[-1])[0] for text in texts], minlength=8) / count


def test_a_char_rnn_returns_logits_for_every_place_and_any_length(model):
    assert model(np.zeros((2, 7), "int32")).shape == (2, 7, 8)
    assert model(np.zeros((1, 50), "int32")).shape == (1, 50, 8)
    assert not model.compiled


def test_a_char_rnn_does_not_see_the_future(model):
    changed = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 7, 6]])
    first, second = keras.ops.convert_to_numpy(model(changed))
    np.testing.assert_allclose(first[:4], second[:4], rtol=1e-5)
    assert not np.allclose(first[4:], second[4:])


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_in_mixed_precision_logits_stay_float32_and_ids_beyond_256_are_written(
    cell, helper, monkeypatch
):
    vocabulary = Vocabulary("".join(map(chr, range(33, 733))))
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        keras.utils.set_random_seed(1)
        model = helper(rnn.build_char_rnn)(700, cell=cell, units=(16,), embedding_dim=8)
        sampler = helper(sampling.build_sampler)(model)
    finally:
        keras.config.set_dtype_policy(policy)
    model.set_weights([weights * 3 for weights in model.get_weights()])
    ids = vocabulary.encode(
        generate_text(sampler, vocabulary, vocabulary.characters[0], 20, temperature=0)
    )
    logits = keras.ops.convert_to_numpy(model(ids[None, :-1]))[0]
    assert logits.dtype == "float32"
    assert ids.max() > 256
    written = logits[np.arange(20), ids[1:]]
    assert (
        logits.max(axis=1) - written
    ).max() < 0.02 * logits.std()  # what is nearly even may be rounded either way


def test_another_cell_is_refused(helper):
    with pytest.raises(ValueError, match="simple_rnn, lstm, gru, got 'transformer'"):
        helper(rnn.build_char_rnn)(8, cell="transformer")


def test_the_sampler_at_temperature_zero_writes_what_the_whole_model_finds_most_probable(
    model, helper
):
    sampler = helper(sampling.build_sampler)(model)
    expected = "abca"
    for _ in range(40):
        expected += VOCABULARY.characters[next_probabilities(model, expected).argmax()]
    assert generate_text(sampler, VOCABULARY, "abca", 40, temperature=0) == expected


def test_the_sampler_draws_with_the_probabilities_of_the_model(helper):
    keras.utils.set_random_seed(1)
    model = rnn.build_char_rnn(8, cell="gru", units=(12,), embedding_dim=5)
    model.set_weights([weights * 4 for weights in model.get_weights()])
    sampler, expected, count = (
        helper(sampling.build_sampler)(model),
        next_probabilities(model, "cab"),
        20_000,
    )
    noise = 5 * np.sqrt(0.25 / count)
    np.testing.assert_allclose(draws(sampler, "cab", count), expected, atol=noise)

    cold = expected ** (1 / 0.5) / (expected ** (1 / 0.5)).sum()
    np.testing.assert_allclose(draws(sampler, "cab", count, temperature=0.5), cold, atol=noise)

    order = np.argsort(-expected)
    three = np.where(np.isin(np.arange(8), order[:3]), expected, 0)
    np.testing.assert_allclose(
        draws(sampler, "cab", count, top_k=3), three / three.sum(), atol=noise
    )

    sums = np.cumsum(expected[order])
    nucleus = np.where(np.isin(np.arange(8), order[: np.searchsorted(sums, 0.6) + 1]), expected, 0)
    assert 1 < (nucleus > 0).sum() < 8
    np.testing.assert_allclose(
        draws(sampler, "cab", count, top_p=0.6), nucleus / nucleus.sum(), atol=noise
    )


def test_the_sampler_shares_the_weights_of_the_model(helper):
    model = rnn.build_char_rnn(8, cell="lstm", units=(12,), embedding_dim=5)
    sampler = helper(sampling.build_sampler)(model)
    before = generate_text(sampler, VOCABULARY, "a", 60, temperature=0)
    model.set_weights([weights[..., ::-1].copy() * 5 for weights in model.get_weights()])
    after = generate_text(sampler, VOCABULARY, "a", 60, temperature=0)
    assert before != after
    assert after[1] == VOCABULARY.characters[next_probabilities(model, "a").argmax()]


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_stateful_char_rnn_reads_two_halves_as_one_text_until_it_is_reset(helper, cell):
    keep_recurrent_state()
    settings = {"cell": cell, "units": (12, 10), "embedding_dim": 5}
    whole = helper(rnn.build_char_rnn)(8, **settings)
    halves = helper(rnn.build_char_rnn)(8, batch_size=2, **settings)
    for a, b in zip(halves.trainable_variables, whole.trainable_variables, strict=True):
        a.assign(np.array(b))  # JAX would share the array, and then free it
    ids = np.random.default_rng(0).integers(0, 8, (2, 10))
    whole.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    halves.compile(keras.optimizers.SGD(0.0), whole.loss)
    expected, loss = whole.predict(ids, verbose=0), whole.evaluate(ids, ids, verbose=0)
    for _ in range(2):
        first = halves.predict(ids[:, :4], batch_size=2, callbacks=[ResetStates()], verbose=0)
        second = halves.predict(ids[:, 4:], batch_size=2, verbose=0)
        np.testing.assert_allclose(np.concatenate([first, second], axis=1), expected, atol=1e-5)
    windows = np.concatenate([ids[:, :5], ids[:, 5:]])
    history = halves.fit(
        windows, windows, 2, 3, shuffle=False, callbacks=[ResetStates()], verbose=0
    ).history
    np.testing.assert_allclose(
        history["loss"], [loss] * 3, rtol=1e-5
    )  # without learning, each epoch is the same
