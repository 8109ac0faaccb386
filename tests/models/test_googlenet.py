import keras
import numpy as np
import pytest

from nnlab.models import googlenet

# table 1 of the paper: rows and columns, and channels, of what each module makes
MODULES = {
    "3a": (28, 256),
    "3b": (28, 480),
    "4a": (14, 512),
    "4b": (14, 512),
    "4c": (14, 512),
    "4d": (14, 528),
    "4e": (14, 832),
    "5a": (7, 832),
    "5b": (7, 1024),
}


@pytest.fixture
def build_googlenet(helper):
    return helper(googlenet.build_googlenet)


def shapes_of(model):
    names = [f"inception_{number}" for number in MODULES]
    return [model.get_layer(name).output.shape[1:] for name in names]


def test_its_modules_have_the_shapes_of_the_paper(build_googlenet):
    model = build_googlenet((224, 224, 3), 1000, normalize=False)
    assert shapes_of(model) == [(side, side, channels) for side, channels in MODULES.values()]
    # the sum over the table, with a bias for each filter; also that of Caffe's bvlc_googlenet
    assert model.count_params() == 6_998_552


def test_a_slim_one_for_small_images_has_the_same_modules(build_googlenet):
    model = build_googlenet((28, 28, 1), 10, width=1 / 16, small=True)
    sides = [7] * 2 + [4] * 5 + [2] * 2
    channels = [number // 16 for _, number in MODULES.values()]
    expected = [(side, side, number) for side, number in zip(sides, channels, strict=True)]
    assert shapes_of(model) == expected


def test_a_module_joins_four_views_of_its_input(build_googlenet):
    model = build_googlenet((8, 8, 1), 2, width=1 / 16, small=True, normalize=False)
    before = model.get_layer("pool2").output
    names = ("1x1", "3x3", "5x5", "pool_proj")
    views = [model.get_layer(f"inception_3a_{name}").output for name in names]
    joined = model.get_layer("inception_3a").output
    outputs = keras.Model(model.input, [before, *views, joined])(np.ones((1, 8, 8, 1)))
    before, *views, joined = map(keras.ops.convert_to_numpy, outputs)
    np.testing.assert_array_equal(np.concatenate(views, axis=-1), joined)
    kernel, biases = model.get_layer("inception_3a_1x1").get_weights()
    expected = np.maximum(before @ kernel[0, 0] + biases, 0)
    np.testing.assert_allclose(views[0], expected, atol=1e-6)


def test_normalized_by_modules_it_has_a_normalization_for_each_and_one_before(build_googlenet):
    small = {"width": 1 / 16, "small": True}
    bare = build_googlenet((8, 8, 1), 2, **small, normalize=False)
    model = build_googlenet((8, 8, 1), 2, **small, normalize="modules")
    before = [model.get_layer("pool2")]
    before += [model.get_layer(f"inception_{number}") for number in MODULES]
    found = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    assert [each.input for each in found] == [each.output for each in before]
    channels = sum(each.output.shape[-1] for each in before)
    assert model.count_params() == bare.count_params() + 4 * channels
    assert shapes_of(model) == shapes_of(bare)


@pytest.mark.parametrize(
    ("image_shape", "settings", "words"),
    [
        ((28, 28, 1), {}, "at least 32, got (28, 28, 1): enlarge the images, or set small=True"),
        ((7, 7, 1), {"small": True}, "at least 8, got (7, 7, 1)"),
        ((32, 32), {}, "got (32, 32)"),
        ((None, None, 3), {}, "got (None, None, 3)"),
        ((32, 32, 3), {"width": 0}, "expected width > 0, got 0"),
        ((32, 32, 3), {"normalize": "layers"}, "True, False or 'modules', got 'layers'"),
    ],
)
def test_what_does_not_fit_is_named(build_googlenet, image_shape, settings, words):
    with pytest.raises(ValueError) as error:
        build_googlenet(image_shape, 10, **settings)
    assert words in str(error.value)
