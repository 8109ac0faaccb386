import keras
import numpy as np
import pytest

from nnlab.models import rnn
from nnlab.training import ResetStates, keep_recurrent_state


@pytest.fixture(params=["simple_rnn", "lstm", "gru"])
def model(request, helper):
    keras.utils.set_random_seed(0)
    model = helper(rnn.build_char_rnn)(
        8, cell=request.param, units=(12, 10), embedding_dim=5, dropout=0.5
    )
    # With larger weights, probabilities are far from even.
    model.set_weights([weights * 3 for weights in model.get_weights()])
    return model


def test_a_char_rnn_returns_logits_for_every_place_and_any_length(model):
    assert model(np.zeros((2, 7), "int32")).shape == (2, 7, 8)
    assert model(np.zeros((1, 50), "int32")).shape == (1, 50, 8)
    assert not model.compiled


def test_a_char_rnn_does_not_see_the_future(model):
    changed = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 7, 6]])
    first, second = keras.ops.convert_to_numpy(model(changed))
    np.testing.assert_allclose(first[:4], second[:4], rtol=1e-5)
    assert not np.allclose(first[4:], second[4:])


def test_another_cell_is_refused(helper):
    with pytest.raises(ValueError, match="simple_rnn, lstm, gru, got 'transformer'"):
        helper(rnn.build_char_rnn)(8, cell="transformer")


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_stateful_char_rnn_reads_two_halves_as_one_text_until_it_is_reset(helper, cell):
    keep_recurrent_state()
    settings = {"cell": cell, "units": (12, 10), "embedding_dim": 5}
    whole = helper(rnn.build_char_rnn)(8, **settings)
    halves = helper(rnn.build_char_rnn)(8, batch_size=2, **settings)
    for a, b in zip(halves.trainable_variables, whole.trainable_variables, strict=True):
        a.assign(np.array(b))  # JAX would share the array, and then free it
    ids = np.random.default_rng(0).integers(0, 8, (2, 10))
    expected = keras.ops.convert_to_numpy(whole(ids))  # (2, 10, 8)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    halves.compile(keras.optimizers.SGD(0.0), loss)
    for _ in range(2):
        first = halves.predict(ids[:, :5], batch_size=2, callbacks=[ResetStates()], verbose=0)
        second = halves.predict(ids[:, 5:], batch_size=2, verbose=0)
        np.testing.assert_allclose(np.concatenate([first, second], axis=1), expected, atol=1e-5)
    windows = np.concatenate([ids[:, :5], ids[:, 5:]])
    history = halves.fit(
        windows, windows, 2, 3, shuffle=False, callbacks=[ResetStates()], verbose=0
    ).history
    # Without learning, each epoch is the same.
    np.testing.assert_allclose(history["loss"], [float(loss(ids, expected))] * 3, rtol=1e-5)
