import keras
import numpy as np
import pytest
from keras import layers

from nnlab import explaining


@pytest.fixture
def input_gradient(helper):
    return helper(explaining.input_gradient)


@pytest.fixture
def linear():
    """A model without bias of four inputs in two rows, with three outputs, and its weights."""
    model = keras.Sequential([keras.Input((2, 2)), layers.Flatten(), layers.Dense(3)])
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    model.set_weights([weights, np.zeros(3, "float32")])
    return model, weights


def test_the_gradient_of_a_linear_model_is_the_weights_of_the_output(input_gradient, linear):
    model, weights = linear
    labels = [2, 0, 2]
    gradients = input_gradient(model, np.ones((3, 2, 2)), labels)
    np.testing.assert_allclose(gradients, weights.T[labels].reshape(3, 2, 2), rtol=1e-6)


def test_the_gradient_says_by_how_much_the_output_changes(input_gradient):
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, activation="tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    rng = np.random.default_rng(1)
    statistics = [rng.uniform(0.5, 2, weight.shape) for weight in model.layers[1].weights]
    model.layers[1].set_weights(statistics)
    inputs = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    labels = np.array([4, 1], np.uint8)
    gradients = input_gradient(model, inputs, labels)
    assert gradients.shape == inputs.shape
    for place in [(0, 0, 0), (2, 3, 1), (5, 5, 0)]:
        step = np.zeros_like(inputs)
        step[(slice(None), *place)] = 0.01
        above, below = (
            keras.ops.convert_to_numpy(model(inputs + sign * step))[[0, 1], labels]
            for sign in (1, -1)
        )
        difference = (above - below) / 0.02
        np.testing.assert_allclose(gradients[(slice(None), *place)], difference, atol=2e-3)


def test_an_answer_depends_on_its_own_input_only(input_gradient, linear):
    model, _ = linear
    model = keras.Sequential([keras.Input((2, 2)), layers.Activation("tanh"), model])
    inputs = np.random.default_rng(2).normal(size=(2, 2, 2))
    together = input_gradient(model, inputs, [0, 1])
    np.testing.assert_allclose(together[1:], input_gradient(model, inputs[1:], [1]), rtol=1e-5)


def test_inputs_may_be_maps_from_within_a_model(input_gradient):
    inputs = keras.Input((4, 4, 1))
    maps = layers.Conv2D(3, 3)(inputs)
    outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(maps))
    upper = keras.Model(maps, outputs)
    gradients = input_gradient(upper, np.zeros((1, 2, 2, 3)), [1])
    weights = upper.layers[-1].get_weights()[0][:, 1]
    np.testing.assert_allclose(gradients, np.broadcast_to(weights / 4, (1, 2, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.zeros((2, 2)), [0, 1, 2], r"got labels \(3,\) for inputs \(2, 2\)"),
        (np.zeros((2, 2, 2)), 1, r"got labels \(\).*inputs\[None\]"),
        (np.zeros((2, 2, 2)), [0, 3], r"integers in 0..2, got \[3\]"),
        (np.zeros((2, 2, 2)), [0, -1], r"integers in 0..2, got \[-1\]"),
        (np.zeros((2, 2, 2)), [0, 0.5], r"integers in 0..2, got \[0.5\]"),
    ],
)
def test_labels_that_name_no_output_are_refused(input_gradient, linear, inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        input_gradient(linear[0], inputs, labels)


def test_a_model_that_reads_ids_is_refused_and_its_part_behind_the_embedding_is_not(
    input_gradient,
):
    ids = keras.Input((4,), dtype="int32")
    vectors = layers.Embedding(5, 3)(ids)
    outputs = layers.Dense(2)(layers.Flatten()(vectors))
    with pytest.raises(ValueError, match="must read floats, got one that reads int32: integers"):
        input_gradient(keras.Model(ids, outputs), np.ones((1, 4)), [0])
    behind = keras.Model(vectors, outputs)
    assert np.abs(input_gradient(behind, np.ones((1, 4, 3)), [0])).min() > 0


def test_a_model_that_makes_images_is_refused(input_gradient):
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(3, 3)])
    with pytest.raises(ValueError, match=r"must make \(n, num_outputs\).*flatten"):
        input_gradient(model, np.zeros((1, 4, 4, 1)), [0])
