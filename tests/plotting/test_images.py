import io

import numpy as np
import pytest
from PIL import Image

from nnlab import plotting


def test_a_grid_shows_every_image_with_its_label(helper, images, texts):
    ax = helper(plotting.plot_images)(images, list("abcdefg"), columns=3)
    assert texts(ax) == list("abcdefg")
    for shown, image in zip(ax.get_images(), images, strict=True):
        np.testing.assert_array_equal(shown.get_array(), image[..., 0])
    rows = {shown.get_extent()[2] for shown in ax.get_images()}
    assert len(rows) == 3


def test_labels_may_be_numbers(helper, images, texts):
    ax = helper(plotting.plot_images)(images, np.arange(7))
    assert texts(ax) == list("0123456")


def test_images_of_a_grid_do_not_overlap(helper, images):
    ax = helper(plotting.plot_images)(images)
    boxes = [shown.get_extent() for shown in ax.get_images()]
    for i, (left, right, bottom, top) in enumerate(boxes):
        for other_left, other_right, other_bottom, other_top in boxes[:i]:
            assert (
                left >= other_right
                or other_left >= right
                or top >= other_bottom
                or other_top >= bottom
            )


def test_black_is_0_and_white_is_255_or_1_in_every_image(helper, images):
    for array, white in [(images // 2, 255), (images / 510, 1)]:
        for shown in helper(plotting.plot_images)(array).get_images():
            assert shown.get_clim() == (0, white)


def test_colour_images_are_drawn_in_colour(helper):
    image = np.zeros((1, 4, 4, 3), np.uint8)
    image[..., 0] = 200
    [shown] = helper(plotting.plot_images)(image).get_images()
    np.testing.assert_array_equal(shown.get_array(), image[0])


def test_a_grid_without_a_label_for_each_image_is_refused(helper):
    with pytest.raises(ValueError, match="got 1 labels for 2 images"):
        helper(plotting.plot_images)(np.zeros((2, 4, 4)), ["a"])


def test_an_animation_holds_every_frame_and_its_images(helper):
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 6, 1), dtype=np.uint8)
    gif = Image.open(
        io.BytesIO(helper(plotting.animate_images)(frames, ["a", "b", "c"], columns=2, scale=2))
    )
    assert (gif.n_frames, gif.size) == (3, (28, 2 * 18 + 24))
    gif.seek(2)
    last = np.asarray(gif.convert("L"))
    np.testing.assert_array_equal(last[24 + 18 : 24 + 34 : 2, 14:26:2], frames[2, 3, :, :, 0])


def test_an_animation_of_colour_images_is_in_colour(helper):
    frames = np.zeros((2, 2, 8, 6, 3), np.uint8)
    frames[0, 1, ..., 0] = 255  # the second image of the first frame is red
    gif = Image.open(io.BytesIO(helper(plotting.animate_images)(frames, "ab", columns=2)))
    first = np.asarray(gif.convert("RGB"))[24:]
    np.testing.assert_array_equal(first[:8, :6], frames[0, 0])
    np.testing.assert_array_equal(first[:8, 7:13], frames[0, 1])


def test_an_animation_of_floats_is_that_of_their_bytes(helper):
    frames = np.random.default_rng(0).integers(0, 256, (2, 1, 4, 4, 1), dtype=np.uint8)
    animate = helper(plotting.animate_images)
    assert animate(frames / 255, ["", ""], columns=1) == animate(frames, ["", ""], columns=1)


def test_an_animation_is_as_wide_and_as_high_as_its_captions_need(helper):
    frames = np.zeros((2, 1, 4, 4), np.uint8)
    captions = ["after 1 of 20 epochs", "after 20 epochs,\nthe last"]
    gif = Image.open(io.BytesIO(helper(plotting.animate_images)(frames, captions, columns=1)))
    for number, lines in enumerate([1, 2]):
        gif.seek(number)
        picture = np.asarray(gif.convert("L"))
        header = picture[:-5]  # above the image and its lower margin
        inked = np.flatnonzero((header < 128).any(axis=1))
        assert 8 * lines < np.ptp(inked) < 18 * lines
        assert (header[:, -3:] > 128).all()  # nothing is cut off on the right


def test_nothing_of_a_longer_caption_stays_under_a_shorter_one(helper):
    rng = np.random.default_rng(0)
    frames = np.stack([rng.uniform(0, 1, (4, 28, 28)), np.full((4, 28, 28), 1 / 3)])
    captions = ["after 7,504 steps", "16"]
    gif = Image.open(io.BytesIO(helper(plotting.animate_images)(frames, captions, columns=4)))
    gif.seek(1)
    assert (np.asarray(gif.convert("L"))[:24, 40:] == 255).all()


def test_an_animation_without_a_caption_for_each_frame_is_refused(helper):
    with pytest.raises(ValueError, match="1 captions for 2 frames"):
        helper(plotting.animate_images)(np.zeros((2, 1, 4, 4, 1)), ["a"], columns=1)
