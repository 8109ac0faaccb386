"""Convolutions over frames, a GRU over time."""

import keras
import numpy as np
import pytest

from nnlab.models import build_cnn_rnn

BANDS = (8, 1)
IMAGE = (8, 12, 3)


def frames_of(network, x):
    """Return what is left of each frame, (batch, frames, features)."""
    inner = keras.Model(network.input, network.get_layer("frames").output)
    return keras.ops.convert_to_numpy(inner(x))


def sequences(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("frame_shape", "left"), [(BANDS, 2), (IMAGE, 2 * 3)])
def test_each_convolution_halves_the_sides_of_frames_but_not_their_number(
    helper, frame_shape, left
):
    network = helper(build_cnn_rnn)(frame_shape, 4, filters=(3, 5), units=6)
    x = sequences(2, 7, *frame_shape)
    assert frames_of(network, x).shape == (2, 7, left * 5)
    probabilities = keras.ops.convert_to_numpy(network(x))
    assert probabilities.shape == (2, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_it_has_the_parameters_that_one_counts_by_hand(helper):
    network = helper(build_cnn_rnn)((10, 2), 4, filters=(3, 5), context=3, units=6)
    convolutions = 3 * 3 * 2 * 3 + 3 * 3 * 3 * 5
    normalization = 4 * 3 + 4 * 5
    features = 3 * 5  # 10 bands, 5, 3
    gru = 3 * (features * 6 + 6 * 6 + 2 * 6)
    assert network.count_params() == convolutions + normalization + gru + (6 + 1) * 4


@pytest.mark.parametrize("frame_shape", [BANDS, IMAGE])
@pytest.mark.parametrize(("context", "reach"), [(1, 0), (3, 2)])
def test_a_frame_is_seen_with_its_neighbours_as_far_as_the_context_reaches(
    helper, frame_shape, context, reach
):
    network = helper(build_cnn_rnn)(frame_shape, 4, filters=(3, 5), context=context)
    network.set_weights([abs(each) for each in network.get_weights()])  # no ReLU hides a change
    x = abs(sequences(1, 9, *frame_shape))
    other = x.copy()
    other[:, 4] += 1
    changed = np.abs(frames_of(network, x) - frames_of(network, other)).max(axis=(0, 2)) > 1e-6
    assert np.flatnonzero(changed).tolist() == list(range(4 - reach, 5 + reach))


def test_images_one_by_one_give_what_they_give_with_time_as_a_third_side(helper):
    any_length = helper(build_cnn_rnn)(IMAGE, 4, filters=(3, 5))
    fixed = helper(build_cnn_rnn)(IMAGE, 4, filters=(3, 5), num_frames=6)
    weights = any_length.get_weights()
    fixed.set_weights([each[0] if each.ndim == 5 else each for each in weights])
    x = sequences(2, 6, *IMAGE)
    ours = keras.ops.convert_to_numpy(fixed(x))
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(any_length(x)), rtol=1e-4)


def test_sequences_of_any_length_are_taken_unless_a_number_of_frames_is_given(helper):
    network = helper(build_cnn_rnn)(BANDS, 4, filters=(3,))
    for length in (1, 5, 30):
        assert network(sequences(2, length, *BANDS)).shape == (2, 4)
    fixed = helper(build_cnn_rnn)(BANDS, 4, filters=(3,), num_frames=5)
    assert fixed.input_shape == (None, 5, 8, 1)


def test_it_learns_which_way_a_spot_moves_though_each_place_is_as_likely(helper):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 256)
    places = rng.integers(0, 8, (256, 1)) + np.outer(2 * labels - 1, np.arange(5))
    x = np.eye(8, dtype=np.float32)[places % 8][..., None]  # (256, 5, 8, 1)
    network = helper(build_cnn_rnn)(BANDS, 2, filters=(8,), units=16, dropout=0.0)
    loss = "sparse_categorical_crossentropy"
    network.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    network.fit(x[:192], labels[:192], batch_size=32, epochs=10, verbose=0)
    _, accuracy = network.evaluate(x[192:], labels[192:], verbose=0)
    assert accuracy > 0.95


def test_frames_of_another_form_and_an_even_context_are_refused(helper):
    with pytest.raises(ValueError, match=r"sides of at least 8, got \(7, 1\): take fewer"):
        helper(build_cnn_rnn)((7, 1), 4)
    with pytest.raises(ValueError, match=r"\(bands, channels\) or \(height, width, channels\)"):
        helper(build_cnn_rnn)((8,), 4)
    with pytest.raises(ValueError, match=r"\(bands, channels\) or \(height, width, channels\)"):
        helper(build_cnn_rnn)((8, 8, 8, 1), 4)
    with pytest.raises(ValueError, match="context must be an odd number of frames, got 2"):
        helper(build_cnn_rnn)(BANDS, 4, filters=(3,), context=2)
