import keras
import numpy as np
import pytest

from nnlab.models import resnet


@pytest.fixture
def build_resnet(helper):
    return helper(resnet.build_resnet)


def trained(model):
    """Return how many numbers of a network are trained."""
    return sum(int(np.prod(weights.shape)) for weights in model.trainable_weights)


@pytest.mark.parametrize(
    ("depths", "bottleneck", "expected"),
    [
        ((2, 2, 2, 2), False, 11_689_512),  # torchvision's resnet18
        ((3, 4, 6, 3), True, 25_557_032),  # resnet50
    ],
)
def test_it_has_the_published_parameters(build_resnet, depths, bottleneck, expected):
    model = build_resnet((224, 224, 3), 1000, depths=depths, bottleneck=bottleneck)
    assert trained(model) == expected
    rows = [model.get_layer(f"conv{stage}_block1_out").output.shape[1] for stage in range(2, 6)]
    assert rows == [56, 28, 14, 7]  # table 1 of the paper


def test_small_ones_have_the_layers_of_the_paper(build_resnet):
    model = build_resnet((32, 32, 3), 10, filters=(16, 32, 64), depths=(3, 3, 3), small=True)
    kernels = [weights for weights in model.trainable_weights if len(weights.shape) > 1]
    counted = [each for each in kernels if tuple(each.shape[:2]) != (1, 1)]  # not projections
    assert len(counted) == 20
    assert round(trained(model) / 1e6, 2) == 0.27  # table 6: "0.27M"
    assert model.get_layer("conv4_block3_out").output.shape[1:] == (8, 8, 64)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_a_block_that_computes_nothing_hands_its_input_on(build_resnet, bottleneck):
    small = {"filters": (4,), "depths": (2,), "small": True, "bottleneck": bottleneck}
    model = build_resnet((6, 6, 1), 2, **small)
    last = model.get_layer(f"conv2_block2_{3 if bottleneck else 2}_bn")
    scale, shift, mean, variance = last.get_weights()
    last.set_weights([0 * scale, 0 * shift, mean, variance])
    ends = [model.get_layer(f"conv2_block{number}_out").output for number in (1, 2)]
    images = np.random.default_rng(0).random((2, 6, 6, 1))
    first, second = keras.Model(model.input, ends)(images)
    first = keras.ops.convert_to_numpy(first)
    assert first.max() > 0
    np.testing.assert_array_equal(first, keras.ops.convert_to_numpy(second))


def test_a_plain_network_is_the_same_without_what_is_added(build_resnet):
    small = {"filters": (4, 8), "depths": (2, 2), "small": True}
    residual = build_resnet((8, 8, 1), 3, **small)
    plain = build_resnet((8, 8, 1), 3, skip=False, **small)
    projection = 4 * 8 + 2 * 8  # a 1×1 convolution, then scale and shift of each filter
    assert trained(residual) - trained(plain) == projection
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.Add)]


@pytest.mark.parametrize(
    ("image_shape", "settings", "words"),
    [
        ((8, 8, 1), {"filters": (4, 8), "depths": (1,)}, "filters=(4, 8) and depths=(1,)"),
        ((8, 8, 1), {"filters": (4,), "depths": (0,)}, "depths=(0,)"),
        ((8, 8), {}, "got (8, 8)"),
        ((None, None, 3), {}, "got (None, None, 3)"),
    ],
)
def test_what_does_not_fit_is_named(build_resnet, image_shape, settings, words):
    with pytest.raises(ValueError) as error:
        build_resnet(image_shape, 10, **settings)
    assert words in str(error.value)
