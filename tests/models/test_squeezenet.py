import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from nnlab.datasets import load_weights
from nnlab.models import squeezenet


@pytest.fixture
def build_squeezenet(helper):
    return helper(squeezenet.build_squeezenet)


def test_it_has_the_parameters_of_its_definition(build_squeezenet):
    # Table 1 of the paper, and version 1.1 of its authors: a 3×3 convolution with 64 filters, then
    # fire modules (channels in, squeezed, expanded by 1×1 and by 3×3), each with its biases
    modules = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
    modules += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
    expected = 3 * 3 * 3 * 64 + 64
    for channels, squeezed, expanded in modules:
        expected += (channels + 1) * squeezed
        expected += (squeezed + 1) * expanded + (9 * squeezed + 1) * expanded
    assert expected == 722_496
    assert build_squeezenet((192, 192, 3)).count_params() == expected
    # torchvision's squeezenet1_1, with its head for 1,000 classes, has 1,235,496
    assert build_squeezenet((224, 224, 3), num_classes=1000).count_params() == 1_235_496


def by_hand(image, weights):
    """Return what SqueezeNet 1.1 makes of an image, by NumPy alone: (rows, columns, 512)."""

    def convolve(maps, name, stride=1):
        kernel, biases = weights[name]
        size = kernel.shape[0]
        if size == 3 and stride == 1:
            maps = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
        patches = sliding_window_view(maps, (size, size), axis=(0, 1))[::stride, ::stride]
        answers = np.einsum("ijcmn,mncf->ijf", patches, kernel, optimize=True) + biases
        return np.maximum(answers, 0)

    def pool(maps):
        return sliding_window_view(maps, (3, 3), axis=(0, 1))[::2, ::2].max(axis=(3, 4))

    maps = pool(convolve(image, "conv1", stride=2))
    for number in range(2, 10):
        if number in (4, 6):
            maps = pool(maps)
        squeezed = convolve(maps, f"fire{number}_squeeze1x1")
        one = convolve(squeezed, f"fire{number}_expand1x1")
        three = convolve(squeezed, f"fire{number}_expand3x3")
        maps = np.concatenate([one, three], axis=2)
    return maps


@pytest.mark.parametrize("shape", [(64, 64, 3), (47, 80, 3)])
def test_it_computes_what_its_definition_says_by_numpy_alone(build_squeezenet, shape):
    layers = load_weights("random_squeezenet").layers
    rng = np.random.default_rng(1)
    layers = {  # biases that are not 0
        name: (kernel, rng.normal(0, 0.1, biases.shape).astype("float32"))
        for name, (kernel, biases) in layers.items()
    }
    model = build_squeezenet(shape)
    for name, arrays in layers.items():
        model.get_layer(name).set_weights(arrays)
    image = rng.normal(0, 1, shape).astype("float32")
    found = keras.ops.convert_to_numpy(model(image[None]))[0]
    expected = by_hand(image, layers)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_all_its_layers_with_weights_are_those_of_the_published_file(build_squeezenet):
    model = build_squeezenet((64, 64, 3))
    own = [layer.name for layer in model.layers if layer.weights]
    assert own == list(load_weights("random_squeezenet").layers)


def test_its_own_head_gives_probabilities_for_as_many_classes_as_asked_for(build_squeezenet):
    model = build_squeezenet((40, 50, 3), num_classes=7, dropout=0.2)
    outputs = keras.ops.convert_to_numpy(model(np.ones((2, 40, 50, 3), "float32")))
    assert outputs.shape == (2, 7)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    [dropout] = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert dropout.rate == 0.2


@pytest.mark.parametrize("shape", [(30, 64, 3), (64, 64), (64, 28, 1), (None, None, 3)])
def test_images_that_are_too_small_are_refused(build_squeezenet, shape):
    with pytest.raises(ValueError, match=r"both sides at least 31, got \("):
        build_squeezenet(shape)


def test_the_smallest_images_leave_one_place(build_squeezenet):
    assert build_squeezenet((31, 31, 1)).output_shape == (None, 1, 1, 512)
