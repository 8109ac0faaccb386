import numpy as np
import pytest
from matplotlib.colors import to_rgba

from nnlab import plotting

BLUE = to_rgba("#56B4E9")
ORANGE = to_rgba("#E69F00")


@pytest.fixture
def outlines(helper):
    """Return a function that draws, and returns the colours of the lines: (height, width, 4)."""

    def draw(*arguments):
        ax = helper(plotting.plot_outlines)(*arguments)
        _, lines = ax.get_images()
        return np.asarray(lines.get_array())

    return draw


def test_each_object_has_its_own_outline_also_where_two_touch(outlines):
    labels = np.zeros((7, 10), int)
    labels[1:6, 1:5] = 1
    labels[1:6, 5:9] = 2
    lines = outlines(np.zeros((7, 10)), labels)
    expected = labels > 0
    expected[2:5, 2:4] = False  # inside the first
    expected[2:5, 6:8] = False
    np.testing.assert_array_equal(lines[:, :, 3] > 0, expected)
    assert {tuple(color) for color in lines[expected]} == {BLUE}
    joined = outlines(np.zeros((7, 10)), labels > 0)
    assert not joined[3, 4:6].any()  # a mask has no border inside


def test_found_objects_are_orange_and_what_agrees_is_white(outlines):
    labels = np.zeros((5, 6), int)
    found = np.zeros((5, 6), int)
    labels[1:3, 0:2] = 3
    found[1:3, 1:4] = 8
    lines = outlines(np.zeros((5, 6, 1)), labels, found)
    assert tuple(lines[1, 0]) == BLUE
    assert tuple(lines[1, 1]) == (1, 1, 1, 1)
    assert tuple(lines[1, 2]) == ORANGE
    assert not lines[0].any()


def test_the_border_of_the_image_is_no_outline(outlines):
    assert not outlines(np.zeros((4, 5)), np.ones((4, 5), int)).any()


def test_a_dim_image_is_shown_in_its_own_range(helper):
    image = np.random.default_rng(0).integers(3, 9, (20, 30), dtype=np.uint8)
    shown = helper(plotting.plot_outlines)(image).get_images()[0]
    np.testing.assert_array_equal(shown.get_array(), image)
    assert shown.get_clim() == (3, 8)
    image = np.zeros((60, 60))
    image[20, 20:23] = 1, 2, 3  # an object of a thousandth of the pixels
    assert helper(plotting.plot_outlines)(image).get_images()[0].get_clim() == (0, 3)
    low, high = helper(plotting.plot_outlines)(np.zeros((4, 4))).get_images()[0].get_clim()
    assert low < high


def test_colour_and_outlines_of_another_size_are_refused(helper):
    with pytest.raises(ValueError, match=r"image must be grey, .* got \(4, 5, 3\)"):
        helper(plotting.plot_outlines)(np.zeros((4, 5, 3)))
    with pytest.raises(ValueError, match=r"the size of the image, \(4, 5\), got \(5, 4\)"):
        helper(plotting.plot_outlines)(np.zeros((4, 5)), np.zeros((4, 5)), np.zeros((5, 4)))
