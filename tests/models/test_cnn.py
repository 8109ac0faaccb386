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
    model = build_cnn((16, 16, 1), 10, filters=(3, 5, 7), units=11, dropout=0.25)
    assert [model.get_layer(f"conv_{i}").filters for i in (1, 2, 3)] == [3, 5, 7]
    assert model.get_layer("features").units == 11
    assert {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)} == {
        0.25
    }
    assert model.get_layer("conv_3").output.shape[1:3] == (4, 4)  # halved after each but the last


def test_images_are_moved_only_while_training(build_cnn):
    model = build_cnn((8, 8, 1), 2, shift=0.4)
    moved = keras.Model(model.input, model.layers[1].output)
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    still, shifted = (
        keras.ops.convert_to_numpy(moved(images, training=training)) for training in (False, True)
    )
    np.testing.assert_allclose(still, images)
    assert np.abs(shifted - images).max() > 0.1


def test_without_shift_no_layer_moves_images(build_cnn):
    assert not any(
        isinstance(layer, keras.layers.RandomTranslation)
        for layer in build_cnn((8, 8, 1), 2).layers
    )


def test_a_cnn_comes_uncompiled(build_cnn):
    assert not build_cnn((8, 8, 1), 2).compiled
