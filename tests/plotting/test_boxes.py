import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from nnlab.plotting import boxes as module


@pytest.fixture
def plot_boxes(helper):
    return helper(module.plot_boxes)


IMAGE = np.zeros((20, 30, 3), np.uint8)
BOXES = np.array([[1, 2, 11, 8], [0, 0, 30, 20], [4, 4, 6, 5]])


def rectangles(ax):
    return [patch.get_bbox().extents.tolist() for patch in ax.patches]


def test_boxes_lie_on_the_image_where_their_pixels_are(plot_boxes):
    ax = plot_boxes(IMAGE, BOXES)
    assert rectangles(ax) == BOXES.tolist()
    assert ax.images[0].get_extent() == [0, 30, 20, 0]  # y points down
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 30), (20, 0))


def test_each_class_has_its_colour_and_every_box_its_caption(plot_boxes, texts):
    ax = plot_boxes(IMAGE, BOXES, [0, 1, 0], captions=["0.9", "$5", ""])
    colors = [to_hex(patch.get_edgecolor()) for patch in ax.patches]
    assert colors == ["#0072b2", "#d55e00", "#0072b2"]
    assert texts(ax) == ["0.9", "$5"]
    assert not ax.texts[1].get_parse_math()


def test_more_boxes_are_drawn_over_the_first_ones_dashed(plot_boxes):
    _, ax = plt.subplots()
    plot_boxes(IMAGE, BOXES[:1], ax=ax)
    plot_boxes(IMAGE, BOXES[1:], dashed=True, ax=ax)
    assert [patch.get_linestyle() for patch in ax.patches] == ["-", "--", "--"]


@pytest.mark.parametrize("image", [IMAGE[..., 0], IMAGE[..., :1], IMAGE / 255.0, IMAGE > 128])
def test_grey_images_and_floats_are_shown_in_their_own_range(plot_boxes, image):
    ax = plot_boxes(image, BOXES)
    assert ax.images[0].get_clim() == (0, 255 if image.dtype == np.uint8 else 1)


@pytest.mark.parametrize("none", [[], np.zeros((0, 4)), ()])
def test_an_image_may_have_no_box(plot_boxes, none):
    assert not plot_boxes(IMAGE, none).patches


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": IMAGE[None]}, r"got shape \(1, 20, 30, 3\): pass one image"),
        ({"image": np.zeros((4, 4, 2))}, r"must be \(height, width\[, 1 or 3\]\)"),
        ({"image": IMAGE + np.float32(200)}, r"got float32 in 200\.\.200: rescale it \(x / 255"),
        ({"image": IMAGE.astype(int)}, "image must be uint8 in 0..255 or float in 0..1, got int64"),
        ({"image": IMAGE / 127.5 - 1}, "got float64 in -"),
        ({"image": IMAGE * np.nan}, "got float64 in nan"),
        ({"boxes": BOXES[0]}, r"got \(4,\): a single one as box\[None\]"),
        ({"boxes": BOXES[:, :3]}, r"must be \(n, 4\)"),
        ({"labels": [0, 1]}, "each of 3 boxes, got 2 and 3"),
        ({"captions": ["a"]}, "each of 3 boxes, got 3 and 1"),
        ({"labels": [0, 7, -1]}, r"in 0\.\.6, got \[-1, 7\]"),
        ({"labels": [0, 0.5, 1]}, r"in 0\.\.6, got \[0\.5\]"),
    ],
)
def test_bad_input_is_refused(plot_boxes, arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_boxes(**({"image": IMAGE, "boxes": BOXES} | arguments))
