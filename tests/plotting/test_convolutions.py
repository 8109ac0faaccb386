import numpy as np
import pytest

from nnlab import plotting


def placed(ax):
    """Return the arrays drawn on Axes by (row, column), from where they stand."""
    tiles = {}
    for shown in ax.get_images():
        left, right, bottom, top = shown.get_extent()
        place = (round(top / (bottom - top + 1)), round(left / (right - left + 1)))
        tiles[place] = shown.get_array()
    return tiles


def test_filters_share_one_scale_with_white_at_zero(helper):
    kernel = np.random.default_rng(0).normal(size=(3, 3, 1, 5))
    ax = helper(plotting.plot_filters)(kernel, columns=3)
    tiles = placed(ax)
    assert list(tiles) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    np.testing.assert_array_equal(tiles[1, 0], kernel[:, :, 0, 3])
    limit = np.abs(kernel).max()
    assert {shown.get_clim() for shown in ax.get_images()} == {(-limit, limit)}
    assert ax.get_images()[0].cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.04)


def test_filters_of_colour_images_are_in_colour_with_grey_at_zero(helper):
    kernel = np.zeros((2, 2, 3, 2))
    kernel[0, 0, :, 1] = [4, -4, 2]
    ax = helper(plotting.plot_filters)(kernel)
    tiles = placed(ax)
    assert np.all(tiles[0, 0] == 0.5)
    np.testing.assert_allclose(tiles[0, 1][0, 0], [1, 0, 0.75])
    np.testing.assert_allclose(tiles[0, 1][1, 1], 0.5)


def test_filters_that_are_all_zero_are_white(helper):
    ax = helper(plotting.plot_filters)(np.zeros((2, 2, 1, 1)))
    low, high = ax.get_images()[0].get_clim()
    assert low == -high < 0


def test_feature_maps_each_use_the_whole_scale(helper):
    maps = np.random.default_rng(0).normal(size=(4, 5, 3)) * [1, 10, 100]
    ax = helper(plotting.plot_feature_maps)(maps, columns=2)
    assert list(placed(ax)) == [(0, 0), (0, 1), (1, 0)]
    for number, shown in enumerate(ax.get_images()):
        drawn = shown.norm(shown.get_array())
        own = maps[..., number]
        np.testing.assert_allclose(drawn, (own - own.min()) / np.ptp(own), atol=1e-6)


def test_a_feature_map_without_contrast_is_dark(helper):
    [shown] = helper(plotting.plot_feature_maps)(np.ones((2, 2, 1))).get_images()
    assert np.all(shown.norm(shown.get_array()) == 0)


@pytest.mark.parametrize("plot", [plotting.plot_filters, plotting.plot_feature_maps])
def test_filters_and_maps_of_another_shape_are_refused(helper, plot):
    with pytest.raises(ValueError, match=r"got \(3, 3, 2, 4\)"):
        helper(plot)(np.zeros((3, 3, 2, 4)))


@pytest.mark.parametrize(
    ("plot", "shape"),
    [(plotting.plot_filters, (3, 3, 1, 2)), (plotting.plot_feature_maps, (3, 3, 2))],
)
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_filters_and_maps_that_are_not_finite_are_refused(helper, plot, shape, number):
    with pytest.raises(ValueError, match="NaN or infinity: did training diverge"):
        helper(plot)(np.full(shape, number))
