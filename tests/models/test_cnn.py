import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from nnlab.models import cnn


@pytest.fixture
def build_cnn(helper):
    return helper(cnn.build_cnn)


def test_a_cnn_returns_probabilities_for_images_of_any_size(build_cnn):
    for shape in ((28, 28, 1), (32, 20, 3)):
        outputs = keras.ops.convert_to_numpy(build_cnn(shape, 7)(np.ones((2, *shape), "float32")))
        assert outputs.shape == (2, 7)
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


def test_the_first_convolution_compares_every_patch_with_every_filter(build_cnn):
    model = build_cnn((8, 6, 1), 3, filters=(2, 4))
    maps = keras.Model(model.input, model.get_layer("conv_1").output)
    image = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
    kernel = model.get_layer("conv_1").get_weights()[0]
    expected = np.stack(
        [correlate2d(image, kernel[:, :, 0, k], mode="same") for k in range(2)], axis=-1
    )
    found = keras.ops.convert_to_numpy(maps(image[None, ..., None]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_cnn_has_the_filters_units_and_dropout_asked_for(build_cnn):
    model = build_cnn((16, 16, 1), 10, filters=(3, 5, 7), units=(13, 11), dropout=0.25)
    assert [model.get_layer(f"conv_{i}").filters for i in (1, 2, 3)] == [3, 5, 7]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [13, 11, 10]
    dropout = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropout] == [0.25, 0.25, 0.25]
    assert model.get_layer("conv_3").output.shape[1:3] == (4, 4)  # halved after each but the last
    widths = [model.get_layer(f"relu_{i}").output.shape[-1] for i in (1, 2, 3)]
    assert widths == [3, 5, 7]


def test_the_layers_stand_in_the_order_that_is_described(build_cnn):
    kinds = [type(layer).__name__ for layer in build_cnn((8, 8, 1), 2, filters=(3, 4)).layers]
    assert kinds == [
        "InputLayer",
        *("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU"),
        *("Conv2D", "BatchNormalization", "ReLU"),
        *("Flatten", "Dropout", "Dense", "Dropout", "Dense"),
    ]


@pytest.mark.parametrize(("units", "width"), [((13, 11), 11), ((11,), 11), ((), 4 * 4 * 5)])
def test_the_classifying_layer_reads_the_features(build_cnn, units, width):
    model = build_cnn((8, 8, 1), 3, filters=(3, 5), units=units)
    images = np.random.default_rng(0).random((4, 8, 8, 1))
    features = keras.Model(model.input, model.get_layer("features").output)(images)
    assert features.shape == (4, width)
    kernel, bias = model.layers[-1].get_weights()
    logits = keras.ops.convert_to_numpy(features) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(images)), expected, rtol=1e-4)


def test_images_are_moved_only_while_training(build_cnn):
    model = build_cnn((8, 8, 1), 2, shift=0.4)
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    moved = keras.Model(model.input, model.layers[1].output)
    for still in (moved(images), moved(images, training=False), moved.predict(images, verbose=0)):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(still), images)
    shifted = keras.ops.convert_to_numpy(moved(images, training=True))
    assert np.abs(shifted - images).max() > 0.1


def test_fit_moves_images_anew_in_each_epoch(build_cnn):
    model = build_cnn((8, 8, 1), 2, filters=(3,), dropout=0.0, shift=0.4)
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).random((20, 8, 8, 1))
    losses = model.fit(images, np.arange(20) % 2, batch_size=20, epochs=2, verbose=0)
    first, second = losses.history["loss"]
    assert abs(first - second) > 1e-4


def test_without_shift_no_layer_moves_images(build_cnn):
    assert not any(
        isinstance(layer, keras.layers.RandomTranslation)
        for layer in build_cnn((8, 8, 1), 2).layers
    )


def test_a_cnn_comes_uncompiled(build_cnn):
    assert not build_cnn((8, 8, 1), 2).compiled
