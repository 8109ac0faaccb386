"""Networks that forecast a series: one by one, whatever its height, and what they refuse."""

import keras
import numpy as np
import pytest

from nnlab import models

BUILDERS = {
    "build_mlp_forecaster": {"units": (16,)},
    "build_gru_forecaster": {"patch": 4, "units": 5},
    "build_conv_forecaster": {"patch": 2, "filters": 4, "dilations": (1, 2)},
    "build_patch_transformer": {"patch": 4, "width": 8, "heads": 2},
}


@pytest.fixture(params=BUILDERS)
def name(request):
    return request.param


@pytest.fixture
def build(helper, name):
    """Return a function that builds a network which sees 12 values, and forecasts 5."""
    keras.utils.set_random_seed(0)
    return lambda **settings: helper(getattr(models, name))(12, 5, **BUILDERS[name] | settings)


@pytest.fixture
def shaken(build):
    """Return a network that forecasts something: its last layer has random weights."""
    network = build()
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    kernel = dense[-1].kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return network


def forecast(network, x):
    return keras.ops.convert_to_numpy(network(np.asarray(x, np.float32)))


def test_a_series_that_lies_higher_is_forecast_as_much_higher(shaken):
    x = np.random.default_rng(0).normal(size=(3, 12))
    height = np.array([[0.0], [50.0], [-7.0]])
    told = forecast(shaken, x)
    assert told.shape == (3, 5)
    assert np.ptp(told, axis=1).max() > 0.1
    np.testing.assert_allclose(forecast(shaken, x + height), told + height, atol=1e-4)


def test_before_any_training_nothing_is_expected_to_change(build):
    x = np.random.default_rng(0).normal(size=(3, 12))
    expected = np.repeat(x[:, -1:], 5, axis=1)
    np.testing.assert_allclose(forecast(build(), x), expected, rtol=1e-6)


def test_every_value_of_the_look_back_matters(shaken):
    x = np.random.default_rng(0).normal(size=(1, 12))
    told = forecast(shaken, x)
    for place in range(12):
        changed = x.copy()
        changed[0, place] += 1
        assert np.abs(forecast(shaken, changed) - told).max() > 1e-5


def test_it_learns_to_repeat_a_season(build):
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 6, size=(512, 1))
    series = np.sin(np.arange(17) * 2 * np.pi / 6 + phases) + rng.normal(0, 5, size=(512, 1))
    network = build(dropout=0.0)
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    network.fit(series[:, :12], series[:, 12:], batch_size=64, epochs=12, verbose=0)
    error = np.mean((forecast(network, series[:, :12]) - series[:, 12:]) ** 2)
    naive = np.mean((series[:, 11:12] - series[:, 12:]) ** 2)
    assert error < 0.3 * naive


@pytest.mark.parametrize("name", list(BUILDERS)[1:])
def test_patches_that_do_not_fill_the_look_back_are_refused(helper, name):
    with pytest.raises(ValueError, match=r"look_back must be a multiple of patch.* got .*12.*5"):
        helper(getattr(models, name))(12, 5, patch=5)


def test_heads_that_do_not_share_the_width_are_refused(helper):
    with pytest.raises(ValueError, match=r"width one of heads, got .*width=9, heads=2"):
        helper(models.build_patch_transformer)(12, 5, patch=4, width=9, heads=2)
