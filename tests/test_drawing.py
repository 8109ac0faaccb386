"""What is drawn becomes an image in the form of MNIST's, and those come back as they were."""

import numpy as np
import pytest

from nnlab.datasets import load_images
from nnlab.drawing import DrawingPad, centre_digit, draw_strokes

T = "20,20 80,20 / 50,20 50,90"


def test_strokes_become_white_lines_on_black(helper):
    image = helper(draw_strokes)(T, size=100, width=9)
    assert (image.shape, image.dtype) == ((100, 100), np.uint8)
    assert image[20, 25] == image[20, 75] == image[85, 50] == 255
    assert image[60, 25] == image[5, 50] == 0


def test_a_single_point_is_a_dot(helper):
    image = helper(draw_strokes)("50,50", size=99, width=10)
    assert np.pi * 5**2 * 0.8 < (image > 0).sum() < np.pi * 5**2 * 1.5


@pytest.mark.parametrize(
    "text", ["", "a,b", "1,2,3 4,5,6", "1,2 3", "10,120", "-1,0", "1,2 /", "nan,1"]
)
def test_what_is_no_drawing_is_refused(helper, text):
    with pytest.raises(ValueError, match=r"a stroke must be points x,y in 0\.\.99"):
        helper(draw_strokes)(text)


@pytest.mark.parametrize("enlarged", [1, 3])
def test_a_digit_fills_twenty_pixels_around_its_centre_of_mass(helper, enlarged):
    small = draw_strokes("5,5 5,25 / 5,15 15,15", width=9)
    digit = helper(centre_digit)(np.kron(small, np.ones((enlarged, enlarged), np.uint8)))
    assert (digit.shape, digit.dtype) == ((28, 28), np.uint8)
    assert np.flatnonzero(digit.any(axis=1)).size == 20
    places = np.indices((28, 28)).reshape(2, -1)
    assert np.average(places, axis=1, weights=digit.ravel()) == pytest.approx((14, 14), abs=0.5)


def test_mnists_own_images_come_back_as_they_are_from_anywhere(helper, monkeypatch):
    monkeypatch.setenv("NNLAB_OFFLINE", "1")
    try:
        images = load_images("mnist").x_test[:500, ..., 0]
    except OSError:
        pytest.skip("MNIST is not here")
    for image in images:
        np.testing.assert_array_equal(helper(centre_digit)(np.pad(image, ((9, 2), (0, 30)))), image)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 9), np.uint8),
        np.ones((9, 9)),
        np.ones((9, 9, 3), np.uint8),
        np.ones(9, np.uint8),
        np.diag([255, *[0] * 798, 255]).astype(np.uint8),  # two dots far apart
    ],
)
def test_an_image_without_a_digit_is_refused(helper, image):
    with pytest.raises(ValueError, match=r"expected a uint8 image .* with a digit on it, got"):
        helper(centre_digit)(image)


def test_the_pad_is_a_page_of_its_own_size_that_loads_nothing(helper):
    page = helper(DrawingPad)(size=300)._repr_html_()
    assert '<canvas width="300" height="300"' in page
    assert "SIZE" not in page
    assert "http" not in page
    assert "src=" not in page
