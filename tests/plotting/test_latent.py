import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlab import plotting

CODES = np.random.default_rng(0).normal(size=(30, 2))
CLASSES = np.arange(30) % 3


def test_each_class_has_its_points_and_a_look_of_its_own(helper, legend):
    ax = helper(plotting.plot_latent_codes)(CODES, CLASSES, ("coat", "bag", "shirt"))
    assert legend(ax) == ["coat", "bag", "shirt"]
    for label, points in enumerate(ax.collections):
        assert points.get_label() == ("coat", "bag", "shirt")[label]
        np.testing.assert_array_equal(points.get_offsets(), CODES[label::3])
    assert len({tuple(points.get_facecolor()[0]) for points in ax.collections}) == 3
    assert len({points.get_paths()[0].vertices.tobytes() for points in ax.collections}) == 3


def test_a_class_without_points_is_left_out_and_the_others_keep_their_colours(helper, legend):
    names = ("coat", "bag", "shirt", "dress")
    whole = helper(plotting.plot_latent_codes)(CODES, CLASSES, names)
    part = helper(plotting.plot_latent_codes)(CODES, np.where(CLASSES == 1, 2, CLASSES), names)
    assert legend(part) == ["coat", "shirt"]
    for first, second in ((0, 0), (2, 1)):
        a = whole.collections[first]
        b = part.collections[second]
        np.testing.assert_array_equal(a.get_facecolor(), b.get_facecolor())


@pytest.mark.parametrize("num_classes", [3, 14])
def test_the_legend_of_codes_covers_no_point(helper, num_classes):
    names = [f"class number {label}" for label in range(num_classes)]
    ax = helper(plotting.plot_latent_codes)(CODES, np.arange(30) % num_classes, names)
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert not any(box.contains(*point) for point in ax.transData.transform(CODES))
    assert box.x1 <= ax.figure.bbox.x1
    assert ax.figure.bbox.y0 <= box.y0 < box.y1 <= ax.figure.bbox.y1


def test_codes_are_drawn_on_the_axes_given_and_both_axes_are_named(helper):
    _, ax = plt.subplots()
    assert helper(plotting.plot_latent_codes)(CODES, CLASSES, "abc", ax=ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("latent dimension 1", "latent dimension 2")


@pytest.mark.parametrize("shape", [(30,), (30, 3), (30, 2, 1)])
def test_codes_of_other_than_two_numbers_are_refused(helper, shape):
    with pytest.raises(ValueError, match=r"codes \(n, 2\), n ≥ 1, got"):
        helper(plotting.plot_latent_codes)(np.zeros(shape), CLASSES, "abc")


def test_codes_that_are_not_finite_are_refused(helper):
    with pytest.raises(ValueError, match="NaN or infinity: did training diverge"):
        helper(plotting.plot_latent_codes)(np.full((30, 2), np.nan), CLASSES, "abc")
