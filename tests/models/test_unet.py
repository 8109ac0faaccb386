import keras
import numpy as np
import pytest

from nnlab.models import unet


@pytest.fixture
def build_unet(helper):
    return helper(unet.build_unet)


def outputs_of(model, images):
    return keras.ops.convert_to_numpy(model(images))


@pytest.mark.parametrize("shape", [(32, 48, 1), (8, 8, 3)])
def test_every_pixel_gets_a_probability(build_unet, shape):
    images = np.random.default_rng(0).random((2, *shape), np.float32)
    outputs = outputs_of(build_unet(shape, filters=(2, 3, 4, 5)), images)
    assert outputs.shape == (2, *shape[:2], 1)
    assert (outputs.min() >= 0, outputs.max() <= 1) == (True, True)


def test_the_probabilities_of_several_classes_add_up_to_1(build_unet):
    images = np.random.default_rng(0).random((2, 8, 16, 1), np.float32)
    outputs = outputs_of(build_unet((8, 16, 1), num_classes=4, filters=(3, 4)), images)
    assert outputs.shape == (2, 8, 16, 4)
    np.testing.assert_allclose(outputs.sum(axis=3), 1, rtol=1e-5)


def test_it_has_the_parameters_of_its_definition(build_unet):
    def convolutions(channels, width):  # two, each with γ, β, mean and variance, without bias
        return 9 * channels * width + 4 * width + 9 * width * width + 4 * width

    expected = convolutions(1, 16) + convolutions(16, 32) + convolutions(32, 64)
    expected += convolutions(64, 128)
    for width in (64, 32, 16):
        expected += 4 * 2 * width * width + width  # 2×2, transposed, with bias
        expected += convolutions(2 * width, width)
    expected += 16 + 1
    assert build_unet((64, 64, 1)).count_params() == expected == 483_857


def test_its_weights_fit_images_of_any_size(build_unet):
    model = build_unet((None, None, 1), filters=(2, 3, 4))
    fixed = build_unet((8, 20, 1), filters=(2, 3, 4))
    fixed.set_weights(model.get_weights())
    images = np.random.default_rng(0).random((2, 8, 20, 1), np.float32)
    np.testing.assert_allclose(outputs_of(model, images), outputs_of(fixed, images), atol=1e-6)
    assert outputs_of(model, np.ones((1, 12, 4, 1), "float32")).shape == (1, 12, 4, 1)


def test_each_level_halves_and_doubles_again_and_has_the_filters_asked_for(build_unet):
    model = build_unet((16, 8, 1), filters=(2, 3, 5))
    shapes = {
        "down_1": (16, 8, 2),
        "down_2": (8, 4, 3),
        "down_3": (4, 2, 5),
        "up_2": (8, 4, 3),
        "up_1": (16, 8, 2),
    }
    for name, shape in shapes.items():
        assert model.get_layer(name).output.shape[1:] == shape
    assert len(model.layers) == 1 + 2 + 5 * 6 + 2 * 2 + 1


def test_detail_comes_by_the_skip_connection_and_the_surroundings_from_below(build_unet):
    model = build_unet((16, 16, 1), filters=(4, 4))
    transposed = [x for x in model.layers if isinstance(x, keras.layers.Conv2DTranspose)]
    images = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    whole = outputs_of(model, images)
    for layer in transposed:  # nothing comes from below any more
        layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
    alone = outputs_of(model, images)
    assert np.abs(whole - alone).max() > 1e-3
    changed = images.copy()
    changed[0, 0, 0] += 1
    # four 3×3 convolutions in a row see four pixels far, and no further
    apart = np.abs(outputs_of(model, changed) - alone)[0, :, :, 0]
    assert apart[:5, :5].max() > 1e-5
    assert apart[5:].max() == apart[:, 5:].max() == 0


def test_it_learns_to_outline_bright_squares(build_unet):
    rng = np.random.default_rng(0)
    masks = np.zeros((32, 16, 16, 1), np.float32)
    for mask in masks:
        row, column = rng.integers(0, 10, 2)
        mask[row : row + 6, column : column + 6] = 1
    images = (masks + rng.normal(0, 0.3, masks.shape)).astype(np.float32)
    model = build_unet((16, 16, 1), filters=(4, 8))
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy")
    model.fit(images, masks, batch_size=8, epochs=20, verbose=0)
    found = model.predict(images, verbose=0) > 0.5
    assert np.mean(found == (masks > 0)) > 0.95


@pytest.mark.parametrize("shape", [(30, 32, 1), (32, 0, 1), (32, 32), (None, 9, 1)])
def test_images_that_cannot_be_halved_are_refused(build_unet, shape):
    with pytest.raises(ValueError, match=r"with 4 filters, .* multiples of 8 or None, got \("):
        build_unet(shape)


def test_a_network_without_filters_or_classes_is_refused(build_unet):
    with pytest.raises(ValueError, match=r"filters of one level .* got \(4, 8\), 0 and 0\.9"):
        build_unet((8, 8, 1), num_classes=0, filters=(4, 8))
    with pytest.raises(ValueError, match="filters of one level or more"):
        build_unet((8, 8, 1), filters=())


def test_batch_normalization_remembers_as_asked(build_unet):
    model = build_unet((8, 8, 1), filters=(2, 3), momentum=0.75)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [layer.momentum for layer in norms] == [0.75] * 6
    with pytest.raises(ValueError, match=r"momentum in \[0, 1\), got \(2, 3\), 1 and 1"):
        build_unet((8, 8, 1), filters=(2, 3), momentum=1)
