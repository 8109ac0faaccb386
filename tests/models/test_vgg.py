import keras
import numpy as np
import pytest

from nnlab.models import vgg


@pytest.fixture
def build_vgg(helper):
    return helper(vgg.build_vgg)


def test_vgg_16_computes_what_that_of_keras_computes(build_vgg):
    ours = build_vgg((32, 32, 3), 7)
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=7)
    names = [layer.name for layer in theirs.layers if layer.weights]
    assert [layer.name for layer in ours.layers if layer.weights] == names
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    expected = keras.ops.convert_to_numpy(theirs(images))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(images)), expected, atol=1e-6)


def test_vgg_16_has_the_parameters_of_the_paper():
    small = vgg.build_vgg((32, 32, 3), 1000).count_params()
    places = 7 * 7  # that are left of 224 × 224 pixels; of 32 × 32 one
    assert small + (places - 1) * 512 * 4096 == 138_357_544  # "138 million", table 2


def test_blocks_may_be_fewer_and_slimmer_and_normalized(build_vgg):
    slim = {"filters": (4, 8), "depths": (1, 3), "units": ()}
    model = build_vgg((9, 12, 1), 3, normalize=True, **slim)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["block1_conv1"] == (9, 12, 4)
    assert shapes["block2_conv3"] == (4, 6, 8)
    assert shapes["block2_pool"] == (2, 3, 8)
    convolutions = 9 * 1 * 4 + 9 * 4 * 8 + 2 * 9 * 8 * 8  # without biases
    normalizations = 4 * (4 + 3 * 8)  # scale, shift, mean and variance of each filter
    assert model.count_params() == convolutions + normalizations + (8 + 1) * 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"filters": (4, 8), "depths": (1,)}, "filters=(4, 8) and depths=(1,)"),
        ({"filters": (), "depths": ()}, "filters=() and depths=()"),
        ({"filters": (4,), "depths": (0,)}, "depths=(0,)"),
        ({}, r"sides of at least 32, got (28, 28, 1)"),
    ],
)
def test_what_does_not_fit_is_named(build_vgg, settings, words):
    with pytest.raises(ValueError) as error:
        build_vgg((28, 28, 1), 10, **settings)
    assert words in str(error.value)


def test_sides_that_are_not_known_are_refused(build_vgg):
    with pytest.raises(ValueError, match=r"sides of at least 32, got \(None, None, 3\)"):
        build_vgg((None, None, 3), 10)
